using System.Text.Json;

namespace VlmSharp.Server.Protocol;

/// <summary>Tokens of a request.</summary>
/// <param name="Text">Of its prompt, text.</param>
/// <param name="Image">Of its prompt, pictures.</param>
/// <param name="Completion">Of all its answers.</param>
internal readonly record struct Usage(int Text, int Image, int Completion)
{
    /// <summary>Writes the member <c>usage</c>, as OpenAI has it.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", Text + Image);
        json.WriteNumber("completion_tokens", Completion);
        json.WriteNumber("total_tokens", Text + Image + Completion);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", 0);
        json.WriteNumber("text_tokens", Text);
        json.WriteNumber("image_tokens", Image);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details");
        json.WriteNumber("reasoning_tokens", 0);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

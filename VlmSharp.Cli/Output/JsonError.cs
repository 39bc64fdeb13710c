using System.Text.Json;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Output;

/// <summary>Why there is no answer, as JSON has it: <c>{"error": {"type": ..., "message": ...}}</c>.</summary>
/// <param name="Type">For programs: one of the constants.</param>
/// <param name="Message">For people: one sentence.</param>
internal readonly record struct JsonError(string Type, string Message)
{
    /// <summary>A picture that is missing, damaged, too large or of a format that is not read.</summary>
    public const string InvalidImage = "invalid_image";

    /// <summary>A line of a list that makes no sense.</summary>
    public const string InvalidLine = "invalid_line";

    /// <summary>What the model cannot be asked: too long, an unknown task or adapter.</summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary>An object of a store that is missing or not to be read.</summary>
    public const string Storage = "storage";

    /// <summary>A model whose scores are not finite.</summary>
    public const string InvalidModel = "invalid_model";

    /// <summary>What an error is called.</summary>
    public static JsonError Of(Exception e) => new(e switch
    {
        ImageFormatException => InvalidImage,
        RequestException => InvalidRequest,
        ModelFormatException => InvalidModel,
        _ => Storage,
    }, e.Message);

    /// <summary>Writes the member.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("error");
        json.WriteString("type", Type);
        json.WriteString("message", Message);
        json.WriteEndObject();
    }
}

using System.Text.Json;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Output;

/// <summary>An error as JSON: <c>{"error": {"type": ..., "message": ...}}</c>.</summary>
/// <param name="Type">For programs: one of the constants.</param>
/// <param name="Message">For people: one sentence.</param>
internal readonly record struct JsonError(string Type, string Message)
{
    /// <summary>A picture that is missing, damaged, too large, or in an unsupported format.</summary>
    public const string InvalidImage = "invalid_image";

    /// <summary>A line of a list that cannot be understood.</summary>
    public const string InvalidLine = "invalid_line";

    /// <summary>A request that the model cannot answer: too long, an unknown task or adapter.</summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary>An object of a store that is missing or cannot be read.</summary>
    public const string Storage = "storage";

    /// <summary>A model whose scores are not finite.</summary>
    public const string InvalidModel = "invalid_model";

    /// <summary>The JSON error of an exception.</summary>
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

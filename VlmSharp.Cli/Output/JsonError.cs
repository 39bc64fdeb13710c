using System.Text.Json;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Storage;
using VlmSharp.Hub;
using VlmSharp.Imaging;
using VlmSharp.Training.Data;

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

    /// <summary>A model that cannot be used, or whose scores are not finite.</summary>
    public const string InvalidModel = "invalid_model";

    /// <summary>Training or evaluation data that cannot be used.</summary>
    public const string InvalidData = "invalid_data";

    /// <summary>A file that cannot be read or written.</summary>
    public const string File = "file";

    /// <summary>The hub, or the network on the way to it.</summary>
    public const string Hub = "hub";

    /// <summary>A device or a server that cannot be used on this machine.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>A fault of the program itself.</summary>
    public const string Internal = "internal";

    /// <summary>The JSON error of an exception.</summary>
    public static JsonError Of(Exception e) => new(e switch
    {
        ImageFormatException => InvalidImage,
        RequestException => InvalidRequest,
        ModelFormatException or TokenizerFormatException => InvalidModel,
        TrainingDataException => InvalidData,
        StorageException => Storage,
        HubException => Hub,
        IOException or UnauthorizedAccessException or TryAgainException => File,
        VlmSharpException or ServerUnavailableException => Unavailable,
        _ => Internal,
    }, e.Message);

    /// <summary>
    /// Writes the error that ends a command as an object of its own. If standard output cannot be written, the message on standard error
    /// must do.
    /// </summary>
    public static void WriteLine(Exception e)
    {
        try
        {
            JsonOutput.WriteLine(json =>
            {
                json.WriteStartObject();
                Of(e).Write(json);
                json.WriteEndObject();
            });
        }
        catch (IOException)
        {
            // e can be that standard output cannot be written
        }
    }

    /// <summary>Writes the member.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("error");
        json.WriteString("type", Type);
        json.WriteString("message", Message);
        json.WriteEndObject();
    }
}

using System.Text.Json;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Batch;

/// <summary>What is asked of an item: the prompt, and how its result is written.</summary>
/// <param name="Name">"caption", "ask" or "generate".</param>
/// <param name="Prompt">The prompt.</param>
internal sealed record BatchTask(string Name, string Prompt)
{
    /// <summary>The request on an item's pictures.</summary>
    public GenerationRequest Request(IReadOnlyList<RgbImage> pictures) => new() { Images = pictures, Prompt = Prompt };

    /// <summary>The members of a record that hold the result.</summary>
    public void Write(Utf8JsonWriter o, GenerationResult result, IReadOnlyList<(int Width, int Height)> sizes)
    {
        o.WriteString("task", Name);
        o.WriteString("prompt", Prompt);
        o.WriteResult(result);
    }

    /// <summary>The task of an item; what its line leaves out is taken from the command line.</summary>
    /// <exception cref="RequestException">The line and the command line together do not say what to do.</exception>
    public static BatchTask Of(WorkItem item, WorkItem defaults)
    {
        string name = item.Task ?? (item.Prompt is not null ? "generate" : item.Question is not null ? "ask" : defaults.Task!);
        string language = item.Language ?? defaults.Language!;
        return name switch
        {
            "caption" => new BatchTask(name, $"caption {language}"),
            "ask" => new BatchTask(name, $"answer {language} {item.Question ?? defaults.Question ?? throw Missing(name, "question")}"),
            "generate" => new BatchTask(name, item.Prompt ?? defaults.Prompt ?? throw Missing(name, "prompt")),
            _ => throw new RequestException($"The task \"{name}\" is unknown; known are caption, ask and generate."),
        };
    }

    private static RequestException Missing(string task, string member) =>
        new($"The task {task} needs a {member}: give the line a \"{member}\", or the command --{member}.");
}

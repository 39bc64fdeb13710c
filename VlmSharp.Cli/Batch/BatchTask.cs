using System.Text.Json;
using VlmSharp.Cli.Output;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Batch;

/// <summary>What is asked about an item: a task, or a literal prompt.</summary>
/// <param name="Task">The task, or null.</param>
/// <param name="Prompt">What the model reads: the task's own wording, or the literal prompt if there is no task.</param>
internal sealed record BatchTask(VisionTask? Task, string Prompt)
{
    /// <summary>The tasks that a line or the command line can ask for.</summary>
    public static readonly string[] Names = ["caption", "ask", "detect", "segment", "generate"];

    /// <summary>Whether the record of a literal prompt includes the picture's size.</summary>
    public bool WithSize { get; init; }

    /// <summary>The request for an item's pictures.</summary>
    public GenerationRequest Request(TaskRunner tasks, IReadOnlyList<RgbImage> pictures) =>
        Task is not null ? tasks.Request(Task, pictures) : new GenerationRequest { Images = pictures, Prompt = Prompt };

    /// <summary>Writes the members of a record that hold the result.</summary>
    public void Write(Utf8JsonWriter o, TaskRunner tasks, GenerationResult result, IReadOnlyList<(int Width, int Height)> sizes)
    {
        if (Task is not null) TaskJson.WriteMembers(o, tasks.Read(Task, result, sizes[0].Width, sizes[0].Height));
        else
        {
            o.WriteString("task", "generate");
            o.WriteString("prompt", Prompt);
            if (WithSize)
            {
                o.WriteNumber("width", sizes[0].Width);
                o.WriteNumber("height", sizes[0].Height);
            }
        }

        o.WriteResult(result);
    }

    /// <summary>The task of an item; the command line provides what the item's line omits.</summary>
    /// <param name="item">What a line of the list says; its members may be null.</param>
    /// <param name="defaults">The values of the command line.</param>
    /// <param name="anyLabel">Whether boxes may have any label.</param>
    /// <exception cref="RequestException">The line and the command line together do not say what to do.</exception>
    public static BatchTask Of(WorkItem item, WorkItem defaults, bool anyLabel)
    {
        string name = item.Task ?? (item.Prompt is not null ? "generate" : item.Question is not null ? "ask" : defaults.Task!);
        string language = item.Language ?? defaults.Language!;
        IReadOnlyList<string> Things() => item.Things ?? defaults.Things ?? throw Missing(name, "things");
        if (name == "generate") return new BatchTask(null, item.Prompt ?? defaults.Prompt ?? throw Missing(name, "prompt"));
        VisionTask task = name switch
        {
            "caption" => VisionTask.Caption(language),
            "ask" => VisionTask.Ask(item.Question ?? defaults.Question ?? throw Missing(name, "question"), language),
            "detect" => VisionTask.Detect(Things()) with { AnyLabel = anyLabel },
            "segment" => VisionTask.Segment(Things()) with { AnyLabel = anyLabel },
            _ => throw new RequestException($"The task \"{name}\" is unknown; known are {string.Join(", ", Names)}."),
        };
        return new BatchTask(task, task.Prompt);
    }

    private static RequestException Missing(string task, string member) =>
        new($"The task {task} needs \"{member}\": give it in the line, or --{member} on the command line.");
}

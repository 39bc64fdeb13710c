using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Tasks;

namespace VlmSharp.Server.Native;

/// <summary>A request of a route of our own, read.</summary>
internal sealed class NativeRequest(SamplingMembers sampling)
{
    /// <summary>The kind of task; null if the members decide, and for a batch until its item states it.</summary>
    public TaskKind? Kind { get; set; }

    /// <summary>The model asked for, or null.</summary>
    public string? Model { get; set; }

    /// <summary>The pictures in the order of the request; boxes refer to the first.</summary>
    public List<GivenPicture> Pictures { get; } = [];

    /// <summary>Language of caption and answer.</summary>
    public string? Language { get; set; }

    /// <summary>What is asked.</summary>
    public string? Question { get; set; }

    /// <summary>What is to be found.</summary>
    public IReadOnlyList<string>? Things { get; set; }

    /// <summary>Whether the model may name what it finds.</summary>
    public bool AnyLabel { get; set; }

    /// <summary>The exact prompt for the model, instead of the task's prompt.</summary>
    public string? Prompt { get; set; }

    /// <summary>Whether masks are pictures, not run lengths.</summary>
    public bool WantsPng { get; set; }

    /// <summary>Whether the answer is streamed.</summary>
    public bool Streams { get; set; }

    /// <summary>How to generate.</summary>
    public SamplingMembers Sampling { get; } = sampling;

    /// <summary>The kind of task, as given or as the members imply.</summary>
    public TaskKind TaskKind => Kind ?? (Question is not null ? TaskKind.Ask : Things is not null ? TaskKind.Detect : TaskKind.Caption);

    /// <summary>The task; its prompt is used if <see cref="Prompt"/> is null.</summary>
    /// <exception cref="ApiException">A required member is missing.</exception>
    /// <exception cref="RequestException">A required member is unusable.</exception>
    public VisionTask Task()
    {
        string language = Language ?? "en";
        return TaskKind switch
        {
            TaskKind.Caption => VisionTask.Caption(language),
            TaskKind.Ask => VisionTask.Ask(Question ?? (Prompt is null ? throw Missing("question") : ""), language),
            TaskKind.Detect => VisionTask.Detect(NamedThings()) with { AnyLabel = AnyLabel },
            _ => VisionTask.Segment(NamedThings()) with { AnyLabel = AnyLabel },
        };
    }

    // the words of the prompt say what
    private IReadOnlyList<string> NamedThings() => Things ?? (Prompt is null ? throw Missing("things") : ["anything"]);

    private static ApiException Missing(string member) =>
        ApiException.Invalid($"{member} is missing: give it, or prompt with the words as they are.", member, "missing_required_parameter");
}

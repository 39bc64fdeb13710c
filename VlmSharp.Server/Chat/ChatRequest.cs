using VlmSharp.Server.Protocol;

namespace VlmSharp.Server.Chat;

/// <summary>A chat request, read; its texts and pictures are still in the body.</summary>
internal sealed class ChatRequest(SamplingMembers sampling)
{
    /// <summary>The model asked for, or null.</summary>
    public string? Model { get; set; }

    /// <summary>The texts of the last user message: joined, they are the prompt.</summary>
    public IReadOnlyList<JsonString> Texts { get; set; } = [];

    /// <summary>The pictures of the last user message, or of the last one before it that has any.</summary>
    public IReadOnlyList<JsonString> Pictures { get; set; } = [];

    /// <summary>Whether there are messages with system text, which is ignored.</summary>
    public bool HasSystem { get; set; }

    /// <summary>How to generate.</summary>
    public SamplingMembers Sampling { get; } = sampling;

    /// <summary>How many answers are asked for (<c>n</c>).</summary>
    public int Choices { get; set; } = 1;

    /// <summary>Whether the answer is streamed.</summary>
    public bool Streams { get; set; }

    /// <summary>Whether the stream ends with the usage.</summary>
    public bool IncludesUsage { get; set; }

    /// <summary>Whether log-probabilities are wanted.</summary>
    public bool WantsLogProbabilities { get; set; }

    /// <summary>Candidates of each token.</summary>
    public int TopLogProbabilities { get; set; }
}

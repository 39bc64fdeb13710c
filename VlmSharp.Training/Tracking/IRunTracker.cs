namespace VlmSharp.Training.Tracking;

/// <summary>Follows a run: writes what happens somewhere.</summary>
public interface IRunTracker : IDisposable
{
    /// <summary>The run begins, or goes on.</summary>
    /// <param name="run">What it is.</param>
    void Begin(RunInfo run);

    /// <summary>A step is done.</summary>
    /// <param name="metrics">What is known of it.</param>
    void OnStep(in StepMetrics metrics);

    /// <summary>An evaluation is done.</summary>
    /// <param name="step">Steps before it.</param>
    /// <param name="result">What it found.</param>
    void OnEvaluation(long step, EvaluationResult result);

    /// <summary>A checkpoint is about to be written: what was tracked before it must not be lost.</summary>
    void Sync();

    /// <summary>The run ends.</summary>
    /// <param name="status">Whether it came to its end, was stopped, or failed.</param>
    void End(RunStatus status);
}

/// <summary>How a run has ended.</summary>
public enum RunStatus
{
    /// <summary>All steps are done.</summary>
    Finished,

    /// <summary>It was asked to stop and can go on.</summary>
    Stopped,

    /// <summary>An error ended it.</summary>
    Failed,
}

/// <summary>A run as it begins or goes on.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="FirstStep">The first step that is done now: 0, or that of the checkpoint.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Settings">Name and value of what results depend on.</param>
public sealed record RunInfo(string Name, long FirstStep, long TotalSteps, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>What the run was told, in words and in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Summary { get; init; } = [];
}

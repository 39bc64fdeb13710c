namespace VlmSharp.Cli.Measurement;

/// <summary>
/// Measures what bounds every kernel of a backend where it runs. Again and again: limits of a machine that others use too move within
/// seconds, so a time says something only beside limits measured right before and right after it.
/// </summary>
internal interface ILimits : IDisposable
{
    /// <summary>How memory is measured: "read" or "copy".</summary>
    string Memory { get; }

    /// <summary>Which arithmetic is measured: "fma" or "matrix".</summary>
    string Arithmetic { get; }

    /// <summary>CPU threads that it is measured on, or null on a device.</summary>
    int? Threads { get; }

    /// <summary>Measures both limits now; the backend is not in use meanwhile.</summary>
    Limits Measure();
}

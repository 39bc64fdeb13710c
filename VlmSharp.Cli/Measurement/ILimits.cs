namespace VlmSharp.Cli.Measurement;

/// <summary>
/// Measures the limits of every kernel of a backend on the current machine. It is called repeatedly: on a shared machine the limits change
/// within seconds, so a time is only meaningful next to limits measured immediately before and after it.
/// </summary>
internal interface ILimits : IDisposable
{
    /// <summary>How memory is measured: "read" or "copy".</summary>
    string Memory { get; }

    /// <summary>Which arithmetic is measured: "fma" or "matrix".</summary>
    string Arithmetic { get; }

    /// <summary>Number of CPU threads used, or null on a device.</summary>
    int? Threads { get; }

    /// <summary>Measures both limits now; the backend must be idle.</summary>
    Limits Measure();
}

using VlmSharp.Generation;

namespace VlmSharp.Server.Observing;

/// <summary>
/// The sources of the gauges of <see cref="ServerMetrics"/>, read on demand. Each may be set once its component exists and reads 0 until
/// then; each may be called from any thread.
/// </summary>
internal sealed class ServerGauges
{
    private VisionLanguageModel? model;

    /// <summary>Requests that wait for a place, not counting the engine's own queue.</summary>
    public Func<long> Waiting { get; set; } = static () => 0;

    /// <summary>Maximum number of waiting requests; 0 if unset.</summary>
    public Func<long> MaxWaiting { get; set; } = static () => 0;

    /// <summary>What requests call the model.</summary>
    public string ModelName { get; set; } = "";

    /// <summary>The loaded model; null before. A disposed model may stay here.</summary>
    public VisionLanguageModel? Model
    {
        get => Volatile.Read(ref model);
        set => Volatile.Write(ref model, value);
    }
}

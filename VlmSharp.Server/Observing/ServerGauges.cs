using VlmSharp.Generation;

namespace VlmSharp.Server.Observing;

/// <summary>
/// Where the gauges of <see cref="ServerMetrics"/> are read, when somebody asks. Each may be set when the part that knows it exists, and
/// reads 0 until then; each is called from any thread.
/// </summary>
internal sealed class ServerGauges
{
    private VisionLanguageModel? model;

    /// <summary>Requests that wait for a place, those in the engine's own queue not among them.</summary>
    public Func<long> Waiting { get; set; } = static () => 0;

    /// <summary>How many may wait at the most; 0 where nothing says so.</summary>
    public Func<long> MaxWaiting { get; set; } = static () => 0;

    /// <summary>What requests call the model.</summary>
    public string ModelName { get; set; } = "";

    /// <summary>The model, when it has been loaded; null before. One that was disposed of may stay here.</summary>
    public VisionLanguageModel? Model
    {
        get => Volatile.Read(ref model);
        set => Volatile.Write(ref model, value);
    }
}

namespace VlmSharp.Gpu.Launching;

/// <summary>Launches and copies that were recorded, to be queued again as one.</summary>
internal interface IRecording : IDisposable
{
    /// <summary>Queues them.</summary>
    void Queue();
}

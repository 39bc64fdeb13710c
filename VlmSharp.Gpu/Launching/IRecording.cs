namespace VlmSharp.Gpu.Launching;

/// <summary>Recorded launches and copies that can be queued again as one.</summary>
internal interface IRecording : IDisposable
{
    void Queue();
}

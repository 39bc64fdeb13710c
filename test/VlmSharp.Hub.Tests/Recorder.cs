namespace VlmSharp.Hub.Tests;

/// <summary>Hears at once, where <see cref="Progress{T}"/> would hear later.</summary>
internal sealed class Recorder(Action<HubProgress>? then = null) : IProgress<HubProgress>
{
    public List<HubProgress> Heard { get; } = [];

    public void Report(HubProgress value)
    {
        Heard.Add(value);
        then?.Invoke(value);
    }
}

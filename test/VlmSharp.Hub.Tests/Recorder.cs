namespace VlmSharp.Hub.Tests;

/// <summary>Records reports at once, while <see cref="Progress{T}"/> would get them later.</summary>
internal sealed class Recorder(Action<HubProgress>? then = null) : IProgress<HubProgress>
{
    public List<HubProgress> Heard { get; } = [];

    public void Report(HubProgress value)
    {
        Heard.Add(value);
        then?.Invoke(value);
    }
}

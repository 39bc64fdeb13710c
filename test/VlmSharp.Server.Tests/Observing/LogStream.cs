using System.Text;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>A stream for a log. It records the writes, and can block or fail them.</summary>
internal sealed class LogStream : MemoryStream
{
    private readonly ManualResetEventSlim open = new(true);
    private readonly Lock gate = new();

    /// <summary>Every write, as text.</summary>
    public List<string> Writes { get; } = [];

    /// <summary>Whether writes fail.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Completes when a write is blocked.</summary>
    public SemaphoreSlim Blocked { get; } = new(0);

    public void Hold() => open.Reset();

    public void Release() => open.Set();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!open.IsSet) Blocked.Release();
        open.Wait();
        if (IsBroken) throw new IOException("Broken pipe");
        lock (gate) Writes.Add(Encoding.UTF8.GetString(buffer));
    }

    /// <summary>Waits until there are this many writes and returns them.</summary>
    public async Task<string[]> ReadAsync(int count)
    {
        DateTime end = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        while (true)
        {
            lock (gate)
                if (Writes.Count >= count) return [.. Writes];
            Assert.True(DateTime.UtcNow < end, $"Waited in vain for {count} lines.");
            await Task.Delay(1);
        }
    }
}

namespace VlmSharp.Server.Scheduling;

/// <summary>The right to generate a number of answers at once, until it is disposed of.</summary>
internal sealed class Place : IDisposable
{
    private readonly int count;
    private Admission? admission;

    internal Place(Admission admission, int count) => (this.admission, this.count) = (admission, count);

    /// <summary>Passes the place to the next request. A client that reads a finished answer slowly needs no place.</summary>
    public void Dispose() => Interlocked.Exchange(ref admission, null)?.Release(count);
}

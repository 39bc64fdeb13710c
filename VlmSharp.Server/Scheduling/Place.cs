namespace VlmSharp.Server.Scheduling;

/// <summary>The right to generate so many answers at once, until it is disposed of.</summary>
internal sealed class Place : IDisposable
{
    private readonly int count;
    private Admission? admission;

    internal Place(Admission admission, int count) => (this.admission, this.count) = (admission, count);

    /// <summary>Gives the place to the next one. Whoever reads a finished answer slowly needs none.</summary>
    public void Dispose() => Interlocked.Exchange(ref admission, null)?.Release(count);
}

using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Execution;

namespace VlmSharp.Gpu.Tests.Ptx.Memory;

/// <summary>The asynchronous copies of a warp's lanes. They arrive as late as possible: when their thread waits for them.</summary>
internal sealed unsafe class AsyncCopies(Warp warp)
{
    private readonly List<Copy>[] pending = [.. Enumerable.Range(0, Warp.Lanes).Select(_ => new List<Copy>())];
    private readonly int[] committed = new int[Warp.Lanes];

    /// <summary>A copy on its way.</summary>
    /// <param name="Batch">The number of its batch: those between two commits.</param>
    /// <param name="Target">Where to, in shared memory.</param>
    /// <param name="Size">4, 8 or 16 bytes.</param>
    /// <param name="Low">The first 8 bytes.</param>
    /// <param name="High">The next 8.</param>
    private readonly record struct Copy(int Batch, ulong Target, int Size, ulong Low, ulong High);

    public void Clear()
    {
        foreach (List<Copy> copies in pending) copies.Clear();
        Array.Clear(committed);
    }

    /// <summary>
    /// Begins a copy of <paramref name="size"/> bytes, of which the source gives the first <paramref name="given"/> and zeros the rest.
    /// </summary>
    public void Begin(int lane, ulong target, ulong source, int size, int given)
    {
        ulong* data = stackalloc ulong[2] { 0, 0 };
        if (given > 0)
        {
            warp.Group.Launch.Global.CheckAlignment(warp, lane, source, size);
            byte* from = warp.Group.Launch.Global.ReadPart(warp, lane, source, given);
            new ReadOnlySpan<byte>(from, given).CopyTo(new Span<byte>(data, size));
        }

        warp.Group.Shared.BeginCopy(warp, lane, target, size);
        pending[lane].Add(new(committed[lane], target, size, data[0], data[1]));
    }

    public void Commit(int lane) => committed[lane]++;

    /// <summary>Waits until at most <paramref name="open"/> batches of a lane are on their way.</summary>
    public void Wait(int lane, int open) => Land(lane, committed[lane] - open);

    /// <summary>Waits for all, committed or not.</summary>
    public void WaitAll(int lane) => Land(lane, int.MaxValue);

    private void Land(int lane, int before)
    {
        List<Copy> copies = pending[lane];
        int landed = 0;
        for (; landed < copies.Count && copies[landed].Batch < before; landed++)
        {
            Copy copy = copies[landed];
            byte* to = warp.Group.Shared.EndCopy(warp, lane, copy.Target, copy.Size);
            if (copy.Size == 4) *(uint*)to = (uint)copy.Low;
            else *(ulong*)to = copy.Low;
            if (copy.Size == 16) ((ulong*)to)[1] = copy.High;
        }

        copies.RemoveRange(0, landed);
    }
}

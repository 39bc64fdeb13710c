using System.Runtime.InteropServices;
using VlmSharp.Gpu.Tests.Ptx.Execution;

namespace VlmSharp.Gpu.Tests.Ptx.Memory;

/// <summary>A lane's own memory.</summary>
internal static unsafe class LocalMemory
{
    public static byte* Locate(Warp warp, int lane, ulong address, int size)
    {
        int each = warp.Local.Length / Warp.Lanes;
        if (address > (ulong)each || address + (ulong)size > (ulong)each)
            throw warp.Fault(PtxFault.OutOfBounds, lane, $"local memory has {each} bytes, {size} wanted at {(long)address}");
        if ((address & (ulong)(size - 1)) != 0) throw warp.Fault(PtxFault.Misaligned, lane, $"{size} bytes of local memory at {address}");
        return (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(warp.Local, lane * each + (int)address);
    }
}

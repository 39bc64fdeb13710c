namespace VlmSharp.Gpu.Tests.Ptx.Memory;

/// <summary>Numbers of 1, 2, 4 or 8 bytes in memory.</summary>
internal static unsafe class Elements
{
    public static ulong Load(byte* from, int size) => size switch
    {
        1 => *from,
        2 => *(ushort*)from,
        4 => *(uint*)from,
        _ => *(ulong*)from,
    };

    public static void Store(byte* to, int size, ulong value)
    {
        switch (size)
        {
            case 1: *to = (byte)value; break;
            case 2: *(ushort*)to = (ushort)value; break;
            case 4: *(uint*)to = (uint)value; break;
            default: *(ulong*)to = value; break;
        }
    }
}

namespace VlmSharp.Gpu.Tests.Ptx.Memory;

/// <summary>Addresses in any memory: global addresses unchanged, shared and local ones in windows that no process uses.</summary>
internal static class GenericAddress
{
    private const ulong Shared = 0x4000_0000_0000_0000, Local = 0x2000_0000_0000_0000, Size = 1ul << 32;

    public static ulong Window(string space) => space switch { "shared" => Shared, "local" => Local, _ => 0 };

    /// <summary>The memory that an address lies in, and the address there.</summary>
    public static (string Space, ulong Address) Resolve(ulong address) =>
        address - Shared < Size ? ("shared", address - Shared) : address - Local < Size ? ("local", address - Local) : ("global", address);
}

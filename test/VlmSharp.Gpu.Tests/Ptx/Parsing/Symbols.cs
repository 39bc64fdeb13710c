using System.Globalization;
using VlmSharp.Gpu.Tests.Ptx.Execution;

namespace VlmSharp.Gpu.Tests.Ptx.Parsing;

/// <summary>
/// Names and where they lie. A slot is a register of all 32 lanes of a warp. Constants, addresses and special registers get slots too,
/// so that every operand is a slot.
/// </summary>
internal sealed class Symbols
{
    private readonly List<Dictionary<string, int>> scopes = [[]];
    private readonly Dictionary<string, (int Offset, int Bytes)> parameters = [];
    private readonly Dictionary<string, ulong> addresses = [];
    private readonly Dictionary<ulong, int> constants = [];
    private readonly Dictionary<string, int> addressSlots = [], specials = [];
    private readonly Dictionary<int, int> widths = [];
    private string? dynamicShared;

    public int Slots { get; private set; }

    public int ParameterBytes { get; private set; }

    public int SharedBytes { get; private set; }

    public int LocalBytes { get; private set; }

    public void Open() => scopes.Add([]);

    public void Close() => scopes.RemoveAt(scopes.Count - 1);

    public (int Slot, string Name)[] Specials() => [.. specials.Select(s => (s.Value * Warp.Lanes, s.Key))];

    /// <summary>What the slots of constants hold. Shared memory requested at launch follows the declared memory.</summary>
    public (int Slot, ulong Value)[] Constants()
    {
        SharedBytes = Align(SharedBytes, 16);
        if (dynamicShared is not null) addresses[dynamicShared] = (ulong)SharedBytes;
        IEnumerable<(int, ulong)> places = addressSlots.Select(a => (a.Value * Warp.Lanes, addresses[a.Key]));
        return [.. constants.Select(c => (c.Value * Warp.Lanes, c.Key)), .. places];
    }

    /// <summary>".param .align 8 .b8 name[16]" or ".param .b64 name".</summary>
    public void DeclareParameter(string declaration)
    {
        var (name, bytes, align) = ReadVariable(declaration);
        int offset = Align(ParameterBytes, align);
        parameters[name] = (offset, bytes);
        ParameterBytes = offset + bytes;
    }

    public (int Offset, int Bytes) Parameter(string name) =>
        parameters.TryGetValue(name, out var place) ? place : throw new NotSupportedException("parameter " + name);

    /// <summary>".reg .f32 %f&lt;9&gt;, x", ".shared .align 4 .b8 name[512]", ".local ...", ".extern .shared ... name[]".</summary>
    public void Declare(string declaration)
    {
        string[] words = declaration.Split([' ', ',', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (words[0] == ".reg") DeclareRegisters(PtxType.Parse(words[1][1..]), words.AsSpan(2));
        else if (words.Contains(".extern")) addresses[dynamicShared = ReadVariable(declaration).Name] = 0;
        else if (words[0] == ".shared") SharedBytes = DeclareMemory(declaration, SharedBytes);
        else if (words[0] == ".local") LocalBytes = DeclareMemory(declaration, LocalBytes);
        else throw new NotSupportedException(declaration);
    }

    /// <summary>Registers of 32 bits that each slot stands for.</summary>
    public int[] Widths() => [.. Enumerable.Range(0, Slots).Select(slot => widths.GetValueOrDefault(slot))];

    /// <summary>The first lane of a named register.</summary>
    public int Register(string name) =>
        FindRegister(name) is { } slot ? slot * Warp.Lanes : throw new NotSupportedException("no register " + name);

    /// <summary>The slot of a named register, in the innermost scope that has it.</summary>
    public int? FindRegister(string name)
    {
        for (int i = scopes.Count - 1; i >= 0; i--)
            if (scopes[i].TryGetValue(name, out int slot)) return slot;
        return null;
    }

    /// <summary>The first lane of a register, a special register, an address or a constant.</summary>
    public int Operand(string text)
    {
        if (TryConstant(text, out ulong value)) return Slot(constants, value);
        if (FindRegister(text) is { } slot) return slot * Warp.Lanes;
        if (addresses.ContainsKey(text)) return Slot(addressSlots, text);
        if (text[0] == '%' && SpecialRegisters.Knows(text)) return Slot(specials, text);
        throw new NotSupportedException("operand " + text);
    }

    public static bool TryConstant(string text, out ulong value)
    {
        bool isHex = text.StartsWith("0f", StringComparison.OrdinalIgnoreCase) || text.StartsWith("0d", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (isHex) return ulong.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out value);
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long signed))
        {
            value = (ulong)signed;
            return true;
        }

        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private int Slot<TKey>(Dictionary<TKey, int> slots, TKey key) where TKey : notnull
    {
        if (!slots.TryGetValue(key, out int slot)) slots[key] = slot = Slots++;
        return slot * Warp.Lanes;
    }

    private void DeclareRegisters(PtxType type, ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            int many = name.IndexOf('<', StringComparison.Ordinal);
            if (many < 0)
            {
                DeclareRegister(type, name);
                continue;
            }

            int count = int.Parse(name.AsSpan(many + 1, name.Length - many - 2), CultureInfo.InvariantCulture);
            for (int i = 0; i < count; i++) DeclareRegister(type, name[..many] + i);
        }
    }

    private void DeclareRegister(PtxType type, string name)
    {
        widths[Slots] = type switch { { Kind: 'p' } => 0, { Bits: 64 } => 2, _ => 1 };
        scopes[^1][name] = Slots++;
    }

    private int DeclareMemory(string declaration, int used)
    {
        var (name, bytes, align) = ReadVariable(declaration);
        int offset = Align(used, align);
        addresses[name] = (ulong)offset;
        return offset + bytes;
    }

    private static (string Name, int Bytes, int Align) ReadVariable(string declaration)
    {
        string[] words = declaration.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        string name = words[^1];
        int unit = PtxType.Parse(words[^2][1..]).Bytes, count = 1;
        int aligned = Array.IndexOf(words, ".align"), bracket = name.IndexOf('[', StringComparison.Ordinal);
        if (bracket >= 0)
        {
            string length = name[(bracket + 1)..^1];
            count = length.Length == 0 ? 0 : int.Parse(length, CultureInfo.InvariantCulture);
            name = name[..bracket];
        }

        return (name, unit * count, aligned < 0 ? unit : int.Parse(words[aligned + 1], CultureInfo.InvariantCulture));
    }

    private static int Align(int value, int align) => (value + align - 1) / align * align;
}

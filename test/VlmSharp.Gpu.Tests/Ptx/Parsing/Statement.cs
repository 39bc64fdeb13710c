using System.Globalization;
using VlmSharp.Gpu.Tests.Ptx.Execution;

namespace VlmSharp.Gpu.Tests.Ptx.Parsing;

/// <summary>An instruction's text, taken apart.</summary>
internal sealed class Statement
{
    private static readonly string[] Spaces = ["global", "shared", "local", "param", "const"];
    private static readonly char[] Punctuation = [' ', ',', '{', '}', '[', ']', '+', '-'];
    private readonly Symbols symbols;

    public Statement(string text, Symbols symbols)
    {
        this.symbols = symbols;
        Text = text;
        if (text[0] == '@')
        {
            int end = text.IndexOf(' ', StringComparison.Ordinal);
            IsNegated = text[1] == '!';
            Guard = symbols.Register(text[1..end].TrimStart('!'));
            text = text[(end + 1)..];
        }

        int gap = text.IndexOf(' ', StringComparison.Ordinal);
        Name = gap < 0 ? text : text[..gap];
        Parts = [.. Name.Split('.').Select(p => p.Split("::")[0])];
        Operands = gap < 0 ? [] : SplitOperands(text[(gap + 1)..]);
        Type = PtxType.Find(Parts[^1]) ?? default;
        Space = Parts.Skip(1).FirstOrDefault(Spaces.Contains) ?? "";
    }

    public string Text { get; }

    /// <summary>The instruction with its modifiers.</summary>
    public string Name { get; }

    /// <summary>Its name, and the modifiers: parted at the points.</summary>
    public string[] Parts { get; }

    public string[] Operands { get; }

    /// <summary>The last modifier that is a type.</summary>
    public PtxType Type { get; }

    /// <summary>global, shared, local, param, or empty for a generic address.</summary>
    public string Space { get; }

    public int Guard { get; } = -1;

    public bool IsNegated { get; }

    /// <summary>Bytes of one element, of loads and stores.</summary>
    public int MemoryGrain => Parts[0] is "ld" or "st" or "atom" or "red" ? Math.Max(1, Type.Bytes) : 4;

    /// <summary>Whether the first operand is a place in memory, or a barrier's number: read, not written.</summary>
    private bool WritesNoRegister =>
        Parts[0] is "st" or "red" or "cp" or "bar" or "barrier" or "membar" or "fence" or "bra" or "brx" or "ret" or "exit";

    public int[] WrittenRegisters() => WritesNoRegister || Operands.Length == 0 ? [] : Registers(Operands[0]);

    public int[] ReadRegisters()
    {
        IEnumerable<int> read = Operands.Skip(WritesNoRegister ? 0 : 1).SelectMany(Registers);
        return [.. Guard < 0 ? read : read.Append(Guard / Warp.Lanes)];
    }

    public bool Has(string modifier) => Array.IndexOf(Parts, modifier) > 0;

    /// <summary>The slot of an operand that is written.</summary>
    public int Register(int operand) => symbols.Register(Operands[operand]);

    /// <summary>The slot of an operand that is read.</summary>
    public int Operand(int operand) => symbols.Operand(Operands[operand]);

    /// <summary>"{a, b}" or "a".</summary>
    public int[] Vector(int operand) =>
        [.. Operands[operand].Trim('{', '}', ' ').Split(',', StringSplitOptions.TrimEntries).Select(symbols.Operand)];

    /// <summary>"[name+offset]".</summary>
    public (int Base, ulong Offset) Address(int operand)
    {
        var (name, offset) = SplitAddress(operand);
        return (symbols.Operand(name), (ulong)offset);
    }

    /// <summary>The same in the parameters.</summary>
    public int ParameterAddress(int operand, int bytes)
    {
        var (name, offset) = SplitAddress(operand);
        var (start, size) = symbols.Parameter(name);
        if (offset < 0 || offset + bytes > size)
            throw new PtxException(PtxFault.OutOfBounds, $"{bytes} bytes of a parameter of {size} at {Text}");
        return start + (int)offset;
    }

    /// <summary>A constant that must be known now.</summary>
    public int Constant(int operand) =>
        Symbols.TryConstant(Operands[operand], out ulong value) ? (int)value : throw new NotSupportedException("no constant: " + Text);

    public NotSupportedException NotSupported() => new("instruction: " + Text);

    /// <summary>The registers in an operand: in a vector, in an address, or it alone.</summary>
    private int[] Registers(string operand) =>
        [.. operand.Split(Punctuation, StringSplitOptions.RemoveEmptyEntries).Select(symbols.FindRegister).OfType<int>()];

    private (string Name, long Offset) SplitAddress(int operand)
    {
        string inside = Operands[operand].Trim('[', ']', ' ');
        int sign = inside.IndexOfAny(['+', '-'], 1);
        if (sign < 0) return (inside, 0);
        string offset = inside[sign..].Replace(" ", "", StringComparison.Ordinal).Replace("+-", "-", StringComparison.Ordinal);
        return (inside[..sign].Trim(), long.Parse(offset, CultureInfo.InvariantCulture));
    }

    private static string[] SplitOperands(string text)
    {
        var operands = new List<string>();
        int depth = 0, start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is '{' or '[') depth++;
            else if (text[i] is '}' or ']') depth--;
            else if ((text[i] == ',' || text[i] == '|') && depth == 0)
            {
                operands.Add(text[start..i].Trim());
                start = i + 1;
            }
        }

        operands.Add(text[start..].Trim());
        return [.. operands];
    }
}

using System.Text;
using System.Text.RegularExpressions;
using VlmSharp.Gpu.Tests.Ptx.Instructions;

namespace VlmSharp.Gpu.Tests.Ptx.Parsing;

/// <summary>Reads the text of one kernel: declarations, labels and statements.</summary>
internal sealed partial class PtxParser(string ptx)
{
    private readonly Symbols symbols = new();
    private readonly List<PtxInstruction> code = [];
    private readonly Dictionary<string, int> labels = [];
    private readonly Dictionary<string, string[]> branchTables = [];
    private readonly List<(PtxInstruction Instruction, string Label)> branches = [];
    private int sharedGrain = 4, globalGrain = 4;

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\.entry\s+(\w+)\s*\(([^)]*)\)[^{]*")]
    private static partial Regex Entry();

    [GeneratedRegex(@"^\s*\.(version|target|address_size)[^\n]*", RegexOptions.Multiline)]
    private static partial Regex Heading();

    public PtxProgram Parse()
    {
        string text = Heading().Replace(Comment().Replace(ptx, " "), "");
        Match entry = Entry().Match(text);
        if (!entry.Success) throw new NotSupportedException("no entry");
        if (text.Contains(".func", StringComparison.Ordinal)) throw new NotSupportedException("functions");
        foreach (string declaration in Split(entry.Groups[2].Value, ','))
            symbols.DeclareParameter(declaration);
        string before = text[..entry.Index].Replace(".visible", "", StringComparison.Ordinal);
        foreach (string declaration in Split(before, ';')) symbols.Declare(declaration);
        ReadBody(text[(entry.Index + entry.Length)..]);
        code.Add(new PtxInstruction("end", "ret") { Flow = FlowKind.Exit });
        foreach (var (instruction, label) in branches)
            instruction.Targets = [.. branchTables.GetValueOrDefault(label, [label]).Select(l => labels[l])];
        return new PtxProgram
        {
            Name = entry.Groups[1].Value,
            Code = [.. code],
            Slots = symbols.Slots,
            Widths = symbols.Widths(),
            Constants = symbols.Constants(),
            Specials = symbols.Specials(),
            ParameterBytes = symbols.ParameterBytes,
            SharedBytes = symbols.SharedBytes,
            LocalBytes = symbols.LocalBytes,
            SharedGrain = sharedGrain,
            GlobalGrain = globalGrain,
        };
    }

    /// <summary>
    /// Statements end with a semicolon, labels with a colon; braces stand around vectors, inside a statement, and around scopes.
    /// </summary>
    private void ReadBody(string body)
    {
        var statement = new StringBuilder();
        for (int i = 0; i < body.Length; i++)
        {
            char c = body[i];
            bool isEmpty = statement.Length == 0;
            if (isEmpty && (char.IsWhiteSpace(c) || c == ';')) continue;
            if (isEmpty && c == '{') symbols.Open();
            else if (isEmpty && c == '}') symbols.Close();
            else if (c == ':' && body[i + 1] == ':') statement.Append(body, i++, 2);
            else if (c is ';' or ':')
            {
                string text = string.Join(' ', statement.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
                statement.Clear();
                if (c == ':') labels[text] = code.Count;
                else ReadStatement(text);
            }
            else statement.Append(c);
        }
    }

    private static string[] Split(string text, char at) =>
        text.Split(at, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private void ReadStatement(string text)
    {
        if (text.StartsWith(".branchtargets ", StringComparison.Ordinal))
        {
            string label = labels.Last(l => l.Value == code.Count).Key;
            branchTables[label] = text[15..].Split(',', StringSplitOptions.TrimEntries);
        }
        else if (text.StartsWith(".pragma", StringComparison.Ordinal)) return;
        else if (text[0] == '.') symbols.Declare(text);
        else Decode(text);
    }

    private void Decode(string text)
    {
        var statement = new Statement(text, symbols);
        string first = statement.Parts[0];
        (FlowKind flow, Execute? execute) = (first, statement.Name) switch
        {
            ("ret" or "exit", _) => (FlowKind.Exit, (Execute?)null),
            ("bra", _) => (FlowKind.Branch, null),
            ("brx", _) => (FlowKind.BranchIndexed, null),
            (_, "bar.sync" or "barrier.sync" or "barrier.sync.aligned") => (FlowKind.Barrier, null),
            _ => InstructionSet.Decode(statement),
        };
        if (flow == FlowKind.Barrier && statement.Operands is not ["0"])
            throw new NotSupportedException("a barrier other than 0 of the whole group: " + text);
        var instruction = new PtxInstruction(text, statement.Name)
        {
            Flow = flow,
            Execute = execute,
            Guard = statement.Guard,
            IsNegated = statement.IsNegated,
            Reads = statement.ReadRegisters(),
            Writes = statement.WrittenRegisters(),
            Index = flow == FlowKind.BranchIndexed ? statement.Register(0) : 0,
        };
        if (flow is FlowKind.Branch or FlowKind.BranchIndexed) branches.Add((instruction, statement.Operands[^1]));
        if (statement.MemoryGrain < 4) Narrow(statement);
        code.Add(instruction);
    }

    private void Narrow(Statement statement)
    {
        bool isGeneric = statement.Space == "";
        if (isGeneric || statement.Space == "shared") sharedGrain = Math.Min(sharedGrain, statement.MemoryGrain);
        if (isGeneric || statement.Space == "global") globalGrain = Math.Min(globalGrain, statement.MemoryGrain);
    }
}

using System.Text.RegularExpressions;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>A program that is broken on purpose: a test that does not notice the fault proves little.</summary>
/// <param name="Name">What is broken.</param>
/// <param name="Break">Changes the text.</param>
internal sealed record Mutant(string Name, Func<string, string> Break)
{
    /// <summary>Replaces all occurrences.</summary>
    public static Mutant Replace(string what, string with) =>
        new($"{what} -> {with}", ptx => ptx.Replace(what, with, StringComparison.Ordinal));

    /// <summary>Replaces one occurrence, counted from 0.</summary>
    public static Mutant Replace(string what, string with, int occurrence) => new($"{what} -> {with}, occurrence {occurrence}", ptx =>
    {
        int at = -1;
        for (int i = 0; i <= occurrence; i++)
        {
            at = ptx.IndexOf(what, at + 1, StringComparison.Ordinal);
            if (at < 0) return ptx;
        }

        return ptx[..at] + with + ptx[(at + what.Length)..];
    });

    /// <summary>Replaces what a regular expression matches: one match, counted from 0, or all.</summary>
    public static Mutant ReplaceMatch(string pattern, string with, int occurrence = -1) =>
        new($"{pattern} -> {with}, match {occurrence}", ptx =>
    {
        int seen = 0;
        return Regex.Replace(ptx, pattern, match => occurrence < 0 || seen++ == occurrence ? match.Result(with) : match.Value);
    });

    /// <summary>A mutant for each occurrence of a text, which it removes or replaces.</summary>
    public static IEnumerable<Mutant> Each(string ptx, string what, string with) =>
        Enumerable.Range(0, ptx.Split(what).Length - 1).Select(i => Replace(what, with, i));

    /// <summary>Runs the mutant. Null if nothing was noticed: the results agree and the machine found no fault.</summary>
    /// <param name="ptx">The right program.</param>
    /// <param name="run">Runs a program and returns the fault of its results, or null.</param>
    public string? Notice(string ptx, Func<string, string?> run)
    {
        string broken = Break(ptx);
        if (broken == ptx) throw new ArgumentException("there is nothing to break: " + Name);
        try
        {
            return run(broken);
        }
        catch (PtxException e)
        {
            return e.Message;
        }
    }
}

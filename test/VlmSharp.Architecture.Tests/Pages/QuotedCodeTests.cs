namespace VlmSharp.Architecture.Tests.Pages;

/// <summary>The lines that a page quotes from a file are in that file, in the same order.</summary>
public sealed class QuotedCodeTests
{
    /// <summary>The pages that quote.</summary>
    public static TheoryData<string> Quoting => [.. RepositoryFiles.Pages
        .Where(page => Quotes(Path.Combine(Conformance.GoldenFiles.Root, page)).Any())];

    [Theory, MemberData(nameof(Quoting))]
    public void Quoted_lines_are_in_the_file(string page) => Faults.AssertNone(
        Quotes(Path.Combine(Conformance.GoldenFiles.Root, page)).SelectMany(quote => Missing(quote.File, quote.Lines)));

    [Fact]
    public void A_line_that_is_not_there_is_noticed()
    {
        string[] source = File.ReadAllLines(Path.Combine(Conformance.GoldenFiles.Root, "LICENSE"));
        Assert.Empty(Missing("LICENSE", [source[0], source[2]]));
        Assert.Single(Missing("LICENSE", [source[2], source[0]]));
        Assert.Single(Missing("LICENSE", ["no such line"]));
    }

    private static IEnumerable<string> Missing(string file, IReadOnlyList<string> lines)
    {
        string[] source = [.. File.ReadAllLines(Path.Combine(Conformance.GoldenFiles.Root, file)).Select(line => line.Trim())];
        int at = 0;
        foreach (string line in lines)
        {
            int found = Array.IndexOf(source, line, at);
            if (found < 0) yield return $"{file} has no line '{line}' behind line {at}";
            else at = found + 1;
        }
    }

    /// <summary>A line with a path in backticks and a colon, and the block of C# after it.</summary>
    private static IEnumerable<(string File, IReadOnlyList<string> Lines)> Quotes(string page)
    {
        string[] text = File.ReadAllLines(page);
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (text[i] is not ['`', .., '`', ':'] || text[i + 1] != "```csharp") continue;
            string[] block = [.. text.Skip(i + 2).TakeWhile(line => line != "```").Select(line => line.Trim())
                .Where(line => line.Length > 0 && line != "...")];
            yield return (text[i].Trim('`', ':'), block);
        }
    }
}

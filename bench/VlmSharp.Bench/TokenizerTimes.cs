using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Tokenizers;
using VlmSharp.Conformance;
using VlmSharp.Extensions.AI;
using VlmSharp.Tokenization;

namespace VlmSharp.Bench;

/// <summary>
/// What it takes to turn prose into ids, here and by the classes of Microsoft.ML.Tokenizers, with the golden vocabulary: lines as they are,
/// and the same prose as one line. The figures of docs/dependencies.md.
/// </summary>
internal static class TokenizerTimes
{
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(20);

    /// <summary>Measures texts of growing length up to 1 MiB, each until it takes too long.</summary>
    public static void Run()
    {
        ITokenizer ours = TokenizerGoldens.Tokenizer("json");
        Tokenizer asTheirs = new VlmSharpTokenizer(ours, ControlTokens.AsTokens);
        var peer = new TokenizerPeer();
        SentencePieceTokenizer sentencePiece = peer.SentencePiece();
        (string Name, Func<string, int> Count)[] ways =
        [
            ("VlmSharp, ids", text => ours.Encode(text, ControlTokens.AsTokens).Length),
            ("VlmSharpTokenizer, ids", text => asTheirs.EncodeToIds(text).Count),
            ("VlmSharpTokenizer, tokens with offsets", text => asTheirs.EncodeToTokens(text, out _).Count),
            ("BpeTokenizer behind an adapter", text => peer.Encode(text).Count),
            ("SentencePieceTokenizer", text => sentencePiece.EncodeToIds(text).Count),
        ];
        Console.WriteLine("| | text | bytes | tokens | s |\n| --- | --- | --- | --- | --- |");
        foreach ((string name, Func<string, int> count) in ways)
            foreach (bool lines in new[] { true, false })
                for (int bytes = 64 << 10, tokens = 0; bytes <= 1 << 20; bytes *= 4)
                {
                    string text = Prose(bytes, lines);
                    TimeSpan best = Best(() => tokens = count(text));
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"| {name} | {(lines ? "lines" : "one line")} | {bytes} | {tokens} | {best.TotalSeconds:0.000} |"));
                    if (best * 16 > 15 * Enough) break;
                }
    }

    // The pages of the documentation, again and again, in ASCII.
    private static string Prose(int bytes, bool lines)
    {
        IEnumerable<string> pages = Directory.EnumerateFiles(Path.Combine(GoldenFiles.Root, "docs"), "*.md").Order(StringComparer.Ordinal);
        string all = string.Concat(string.Concat(pages.Select(File.ReadAllText)).Where(char.IsAscii));
        string text = string.Concat(Enumerable.Repeat(all, bytes / all.Length + 1))[..bytes];
        return lines ? text : text.Replace('\n', ' ');
    }

    // Of three, or of as many as there is time for.
    private static TimeSpan Best(Action work)
    {
        TimeSpan best = TimeSpan.MaxValue, all = TimeSpan.Zero;
        for (int i = 0; i < 3 && all < Enough; i++)
        {
            long start = Stopwatch.GetTimestamp();
            work();
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            all += took;
            if (took < best) best = took;
        }
        return best;
    }
}

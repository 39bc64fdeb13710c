using System.Globalization;
using System.Text.RegularExpressions;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Scenes;

/// <summary>Counts the questions about scenes that a model answers right, by kind.</summary>
internal static partial class Score
{
    private const int Together = 12; // requests that share their steps

    /// <summary>
    /// Asks a model everything in a file, greedily and unconstrained, and prints the share of right answers of each kind.
    /// </summary>
    /// <param name="folder">The folder that the program made: eval.jsonl and its pictures.</param>
    /// <param name="directory">The model's folder.</param>
    /// <param name="scenes">The most scenes to ask about.</param>
    public static void Print(string folder, string directory, long scenes)
    {
        using var backend = new CpuBackend();
        using var model = VisionLanguageModel.Open(directory, backend);
        Asked[] all = [.. File.ReadLines(Path.Combine(folder, "eval.jsonl")).Select(Asked.Read)];
        HashSet<string> pictures = [.. all.Select(a => a.Image).Distinct().Take((int)Math.Min(scenes, int.MaxValue))];
        var rows = new SortedDictionary<string, (int Right, int All)>(StringComparer.Ordinal);
        foreach (Asked[] some in all.Where(a => pictures.Contains(a.Image)).Chunk(Together))
        {
            GenerationRequest[] requests =
            [
                .. some.Select(a => new GenerationRequest { Images = [ImageFile.Load(Path.Combine(folder, a.Image))], Prompt = a.Prefix })
            ];
            IReadOnlyList<GenerationResult> answers = model.Generate(requests, new GenerationOptions { MaxNewTokens = 64 });
            for (int i = 0; i < some.Length; i++)
            {
                (int right, int count) = rows.GetValueOrDefault(some[i].Kind);
                rows[some[i].Kind] = (right + (IsRight(some[i], answers[i].Text ?? "") ? 1 : 0), count + 1);
            }
        }

        Console.WriteLine($"{directory} on {pictures.Count} scenes");
        foreach ((string kind, (int right, int count)) in rows)
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{kind,-10} {right,5} of {count,5}  {100.0 * right / count:F1} %"));
    }

    /// <summary>Words must be equal. Boxes must have the true number, each on a true box with IoU 0.5.</summary>
    private static bool IsRight(Asked asked, string answer)
    {
        if (asked.Kind != "detect") return answer == asked.Suffix;
        List<Box> truth = Boxes(asked.Suffix), found = Boxes(answer);
        return found.Count == truth.Count && found.TrueForAll(box => truth.Exists(t => Overlap(box, t) >= 0.5f));
    }

    private static List<Box> Boxes(string text) =>
        // tokens are top, left, bottom, right
        [.. Location().Matches(text).Select(m => new Box(Place(m, 2), Place(m, 1), Place(m, 4), Place(m, 3)))];

    private static float Place(Match match, int group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    /// <summary>Intersection over union.</summary>
    private static float Overlap(Box a, Box b)
    {
        float width = Math.Max(0, Math.Min(a.Right, b.Right) - Math.Max(a.Left, b.Left)),
            height = Math.Max(0, Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top));
        float common = width * height;
        return common / ((a.Width * a.Height) + (b.Width * b.Height) - common);
    }

    [GeneratedRegex(@"<loc(\d{4})><loc(\d{4})><loc(\d{4})><loc(\d{4})>")]
    private static partial Regex Location();
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests.Evaluations;

/// <summary>The demo model's cases in the files of the benchmarks.</summary>
internal sealed partial class DemoBenchmarks : IDisposable
{
    private const int Side = 112;
    private static readonly string Cases = Path.Combine(GoldenFiles.Root, "test", "golden", "demo-cases");
    private readonly TemporaryFolder folder = new();

    public DemoBenchmarks()
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Cases, "answers.json")));
        Case[] cases =
        [
            .. file.RootElement.EnumerateArray()
                .Select(o => new Case(Text(o, "image"), Text(o, "prompt"), Text(o, "truth"), Text(o, "kind")))
        ];
        Directory.CreateDirectory(Pictures);
        foreach (string picture in cases.Select(c => c.Image).Distinct())
            File.Copy(Path.Combine(Cases, picture), Path.Combine(Pictures, picture));
        WriteCaptions(cases);
        WriteQuestions([.. cases.Where(c => c.Prompt.StartsWith("answer en ", StringComparison.Ordinal))]);
        WriteBoxes([.. cases.Where(c => c.Kind == "detect")]);
        File.WriteAllLines(
            At("data.jsonl"),
            cases.Take(60)
                .Select(
                    c => new JsonObject { ["image"] = "pictures/" + c.Image, ["prefix"] = c.Prompt, ["suffix"] = c.Truth }.ToJsonString()));
    }

    private sealed record Case(string Image, string Prompt, string Truth, string Kind)
    {
        public long ImageId => long.Parse(Digits().Match(Image).Value, CultureInfo.InvariantCulture);

        public string Question => Prompt["answer en ".Length..];
    }

    /// <summary>The folder of all pictures.</summary>
    public string Pictures => At("pictures");

    public string At(string name) => folder.At(name);

    public void Dispose() => folder.Dispose();

    private void WriteCaptions(Case[] all)
    {
        Case[] cases = [.. all.Where(c => c.Kind == "caption")];
        Write("captions.json", new JsonObject
        {
            ["images"] = Images(cases),
            ["annotations"] = List(cases.Select((c, i) => new JsonObject { ["id"] = i, ["image_id"] = c.ImageId, ["caption"] = c.Truth })),
        });
    }

    private void WriteQuestions(Case[] cases)
    {
        Write("questions.json", new JsonObject
        {
            ["questions"] = List(
                cases.Select((c, i) =>
                    new JsonObject { ["question_id"] = i, ["image_id"] = c.ImageId, ["image"] = c.Image, ["question"] = c.Question })),
        });
        Write("annotations.json", new JsonObject
        {
            ["annotations"] = List(cases.Select((c, i) => new JsonObject
            {
                ["question_id"] = i,
                ["answer_type"] = c.Kind == "yesno" ? "yes/no" : c.Kind == "count" ? "number" : "other",
                ["question_type"] = c.Kind,
                // One person in ten gives another answer, so that answers are normalized and scores are fractions.
                ["answers"] = List(Enumerable.Range(0, 10).Select(p => new JsonObject { ["answer"] = p < 1 + i % 9 ? c.Truth : "dog" })),
            })),
        });
        Write("document.json", new JsonObject
        {
            ["data"] = List(
                cases.Select((c, i) =>
                    new JsonObject
                    {
                        ["questionId"] = i,
                        ["image"] = "documents/" + c.Image,
                        ["question"] = c.Question,
                        ["answers"] = new JsonArray(c.Truth + "x")
                    })),
        });
        File.WriteAllLines(At("pope.json"), cases.Where(c => c.Kind == "yesno").Select((c, i) =>
            new JsonObject { ["question_id"] = i + 1, ["image"] = c.Image, ["text"] = c.Question, ["label"] = c.Truth }.ToJsonString()));
    }

    private void WriteBoxes(Case[] cases)
    {
        string[] labels = [.. cases.Select(c => c.Prompt["detect ".Length..]).Distinct()];
        var things = new List<JsonObject>();
        foreach (Case c in cases)
            foreach (Match box in Location().Matches(c.Truth))
            {
                // top, left, bottom, right
                double[] edges =
                    [.. box.Groups.Values.Skip(1).Select(g => int.Parse(g.Value, CultureInfo.InvariantCulture) * Side / 1023.0)];
                double width = edges[3] - edges[1], height = edges[2] - edges[0];
                things.Add(new JsonObject
                {
                    ["id"] = things.Count,
                    ["image_id"] = c.ImageId,
                    ["category_id"] = 7 + Array.IndexOf(labels, c.Prompt["detect ".Length..]),
                    ["bbox"] = new JsonArray(edges[1], edges[0], width, height),
                    ["area"] = width * height,
                    ["iscrowd"] = 0,
                });
            }

        Write("instances.json", new JsonObject
        {
            ["images"] = Images(cases),
            ["categories"] = List(labels.Select((label, i) => new JsonObject { ["id"] = 7 + i, ["name"] = label })),
            ["annotations"] = List(things),
        });
        File.WriteAllLines(At("refcoco.jsonl"), cases.Where(c => Location().Count(c.Truth) == 1).Select((c, i) =>
        {
            double[] e =
            [
                .. Location()
                    .Match(c.Truth).Groups.Values.Skip(1)
                    .Select(g => int.Parse(g.Value, CultureInfo.InvariantCulture) * Side / 1023.0)
            ];
            return new JsonObject
            {
                ["id"] = i,
                ["image"] = c.Image,
                ["expression"] = c.Prompt["detect ".Length..],
                ["bbox"] = new JsonArray(e[1], e[0], e[3] - e[1], e[2] - e[0])
            }.ToJsonString();
        }));
    }

    private static JsonArray Images(Case[] cases) =>
        List(cases.DistinctBy(c => c.Image)
            .Select(c => new JsonObject { ["id"] = c.ImageId, ["file_name"] = c.Image, ["width"] = Side, ["height"] = Side }));

    private static JsonArray List(IEnumerable<JsonObject> entries) => new([.. entries]);

    private void Write(string name, JsonObject file) => File.WriteAllText(At(name), file.ToJsonString());

    private static string Text(JsonElement o, string name) => o.GetProperty(name).GetString()!;

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();

    [GeneratedRegex(@"<loc(\d{4})><loc(\d{4})><loc(\d{4})><loc(\d{4})>")]
    private static partial Regex Location();
}

using System.Text.Json;
using System.Text.RegularExpressions;
using VlmSharp.Conformance;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>
/// The dashboard and the alerts ask for metrics and labels that a server really has, in PromQL that Prometheus understands.
/// </summary>
public sealed partial class DeployFilesTests(ExportedMetrics exported) : IClassFixture<ExportedMetrics>
{
    private static readonly string Dashboard = Path.Combine(GoldenFiles.Root, "deploy", "grafana", "vlmsharp.json");
    private static readonly string Alerts = Path.Combine(GoldenFiles.Root, "deploy", "prometheus", "alerts.yaml");

    private static readonly string[] Words =
    [
        "abs", "and", "avg", "by", "changes", "clamp_max", "clamp_min", "count", "delta", "histogram_quantile", "ignoring", "increase",
        "max", "max_over_time", "min", "on", "or", "rate", "sum", "time",
        "unless", "without",
    ];

    private static readonly string[] Scraped = ["up", "job", "instance", "le"]; // the labels and metrics that Prometheus itself adds

    [Fact]
    public void The_dashboard_asks_for_metrics_that_exist()
    {
        string[] expressions = Expressions(Dashboard);
        Assert.InRange(expressions.Length, 20, 100);
        Check(expressions);
    }

    [Fact]
    public void The_alerts_ask_for_metrics_that_exist()
    {
        string[] expressions = AlertExpressions();
        Assert.InRange(expressions.Length, 8, 50);
        Check(expressions);
    }

    [Fact]
    public void Every_metric_of_the_server_is_on_the_dashboard()
    {
        string[] shown = [.. Expressions(Dashboard).SelectMany(Split).Select(exported.MetricOf).OfType<string>().Distinct()];
        Assert.Empty(exported.Types.Keys.Where(name => name.StartsWith("vlmsharp_server_", StringComparison.Ordinal)).Except(shown));
    }

    [PromtoolFact]
    public Task Prometheus_understands_the_alerts() => Promtool.CheckAsync(["check", "rules", Alerts]);

    [PromtoolFact]
    public async Task The_alerts_fire_when_they_should() =>
        await Promtool.CheckAsync(["test", "rules", Path.Combine(GoldenFiles.Root, "deploy", "prometheus", "alerts-test.yaml")]);

    [PromtoolFact]
    public async Task Prometheus_understands_the_dashboard()
    {
        string path = Path.Combine(Path.GetTempPath(), $"vlmsharp-rules-{Guid.NewGuid():N}.yaml");
        IEnumerable<string> rules = Expressions(Dashboard).Select(
            (expression, i) => $"      - record: panel:{i}\n        expr: {JsonSerializer.Serialize(Fill(expression))}\n");
        await File.WriteAllTextAsync(path, $"groups:\n  - name: dashboard\n    rules:\n{string.Concat(rules)}");
        try
        {
            await Promtool.CheckAsync(["check", "rules", path]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [PromtoolFact]
    public Task Prometheus_finds_no_fault_in_the_metrics() => Promtool.CheckAsync(["check", "metrics"], OwnMetrics());

    [Fact]
    public void The_metrics_state_their_format() => Assert.Equal("text/plain; version=0.0.4; charset=utf-8", exported.ContentType);

    /// <summary>The metrics of .NET's runtime are left out: Microsoft chose their names, and the checker objects to some.</summary>
    private string OwnMetrics() =>
        string.Concat(exported.Text.Split('\n').Where(line => OwnLine().IsMatch(line)).Select(line => $"{line}\n"));

    private void Check(string[] expressions)
    {
        foreach (string expression in expressions)
        {
            string[] names = Split(expression);
            Assert.NotEmpty(names);
            string[] metrics =
            [
                .. names.Where(name => !Scraped.Contains(name))
                    .Select(name =>
                        exported.MetricOf(name)
                            ?? throw new InvalidOperationException($"{name} is not exported, but asked for by: {expression}"))
            ];
            string[] labels = [.. metrics.SelectMany(exported.Labels), .. Scraped];
            foreach (string label in Labels(expression))
                Assert.True(labels.Contains(label), $"No metric has the label {label} of: {expression}");
        }
    }

    /// <summary>The metrics of an expression: the words that are left without labels, texts, times and PromQL's keywords.</summary>
    private static string[] Split(string expression) =>
        [
            .. Identifier()
                .Matches(Grouping().Replace(Braces().Replace(Fill(expression), ""), ""))
                .Select(match => match.Value)
                .Where(name => !Words.Contains(name))
        ];

    private static IEnumerable<string> Labels(string expression) =>
        Braces().Matches(expression).SelectMany(match => Matcher().Matches(match.Value)).Select(match => match.Groups[1].Value)
            .Concat(Grouping()
                .Matches(expression)
                .SelectMany(match => Identifier().Matches(match.Groups[2].Value))
                .Select(match => match.Value));

    /// <summary>Replaces Grafana's variables with values.</summary>
    private static string Fill(string expression) =>
        Variable().Replace(expression.Replace("$__rate_interval", "5m", StringComparison.Ordinal), "x");

    private static string[] Expressions(string path)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
        return [.. Find(json.RootElement)];

        static IEnumerable<string> Find(JsonElement element) => element.ValueKind switch
        {
            JsonValueKind.Object =>
                element.EnumerateObject()
                    .SelectMany(member => member.NameEquals("expr") ? [member.Value.GetString()!] : Find(member.Value)),
            JsonValueKind.Array => element.EnumerateArray().SelectMany(Find),
            _ => [],
        };
    }

    private static string[] AlertExpressions() =>
        [.. AlertExpression().Matches(File.ReadAllText(Alerts)).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("^ +expr: (.+)$", RegexOptions.Multiline)]
    private static partial Regex AlertExpression();

    [GeneratedRegex("\\{[^}]*\\}|\\[[^\\]]*\\]|\"[^\"]*\"")]
    private static partial Regex Braces();

    [GeneratedRegex("\\b(by|without|on|ignoring) *\\(([^)]*)\\)")]
    private static partial Regex Grouping();

    [GeneratedRegex("(?<![\\w.])[a-zA-Z_]\\w*")]
    private static partial Regex Identifier();

    [GeneratedRegex("(\\w+) *(=~|!~|!=|=)")]
    private static partial Regex Matcher();

    [GeneratedRegex("\\$\\w+")]
    private static partial Regex Variable();

    [GeneratedRegex("^(# (HELP|TYPE) )?(vlmsharp_|gen_ai_)")]
    private static partial Regex OwnLine();
}

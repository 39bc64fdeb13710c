using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using VlmSharp.Server.Tests.Observing;
using YamlDotNet.RepresentationModel;

namespace VlmSharp.Server.Tests.Deploy;

/// <summary>Every option, variable, port, path and metric that a file in deploy/ names exists in vlmsharp.</summary>
public sealed partial class NamesTests(ExportedMetrics exported) : IClassFixture<ExportedMetrics>
{
    /// <summary>The options of docker, kubectl, dotnet and COPY, which are not vlmsharp's.</summary>
    private static readonly string[] Foreign =
    [
        "--platform", "--from", "--from-file", "--interval", "--timeout", "--start-period", "--target", "--secret", "--tmpfs",
        "--read-only", "--build", "--cap-drop", "--gpus", "--now"
    ];

    [Fact]
    public async Task Every_option_is_one_of_serve()
    {
        string[] known = [.. Option().Matches(await Program.HelpAsync()).Select(m => m.Value), .. Foreign];
        Assert.Contains("--drain", known);
        foreach (string path in DeployFiles.All)
            foreach (Match found in Option().Matches(await File.ReadAllTextAsync(path)))
                Assert.True(known.Contains(found.Value), $"{path}: {found.Value}");
    }

    [Fact]
    public async Task Every_variable_is_an_option()
    {
        JsonObject config = await Program.ConfigAsync([], new Dictionary<string, string>());
        string[] known = [.. config.Select(member => "VLMSHARP_" + member.Key.ToUpperInvariant()), "VLMSHARP_API_KEYS"];
        string[] found =
            [.. DeployFiles.All.SelectMany(path => Variable().Matches(File.ReadAllText(path)).Select(m => m.Value)).Distinct()];
        Assert.Contains("VLMSHARP_API_KEY_FILE", found);
        Assert.Empty(found.Except(known));
    }

    [Fact]
    public async Task Every_command_is_understood_and_means_what_the_file_says()
    {
        DeployFiles.Command[] commands = [.. DeployFiles.Commands()];
        Assert.Equal(7, commands.Length); // two images, one server, two replicas, a unit, a pod
        foreach (DeployFiles.Command command in commands)
        {
            JsonObject config = await Program.ConfigAsync(command.Arguments, command.Environment);
            Assert.Equal(("0.0.0.0", 8000), (config["host"]!.GetValue<string>(), config["port"]!.GetValue<int>()));
            foreach ((string name, string value) in command.Environment.Where(
                pair => pair.Key.StartsWith("VLMSHARP_", StringComparison.Ordinal)))
                Assert.Equal(value, config[name["VLMSHARP_".Length..].ToLowerInvariant()]!.ToString());
            bool isImage = command.Source.StartsWith("Dockerfile", StringComparison.Ordinal);
            Assert.Equal(isImage, config["api_key_file"] is null); // an image holds no keys, so it does not start without them
        }
    }

    [Fact]
    public async Task Every_stop_timeout_is_longer_than_the_server_takes_to_drain()
    {
        const double Cut = 5 + 2; // 5 s to tell the clients whose answers were not finished, 2 s to close
        double standard = (await Program.ConfigAsync([], new Dictionary<string, string>()))["drain"]!.GetValue<double>();
        foreach (DeployFiles.Command command in DeployFiles.Commands())
        {
            double drain = command.Environment.TryGetValue("VLMSHARP_DRAIN", out string? text)
                ? double.Parse(text, CultureInfo.InvariantCulture)
                : standard;
            Assert.Equal(standard, drain);
        }

        Assert.True(double.Parse(DeployFiles.UnitSetting("TimeoutStopSec"), CultureInfo.InvariantCulture) > standard + Cut);
        foreach (string name in new[] { "compose.yaml", "compose-replicas.yaml" })
            foreach ((_, YamlNode service) in DeployFiles.Members(DeployFiles.Root(DeployFiles.Read("compose", name))["services"]))
            {
                string grace = DeployFiles.Text(service["stop_grace_period"]).TrimEnd('s');
                Assert.True(double.Parse(grace, CultureInfo.InvariantCulture) > standard + Cut);
            }
    }

    [Fact]
    public async Task The_balancer_allows_bodies_and_waits_as_large_as_the_servers_own()
    {
        JsonObject config = await Program.ConfigAsync([], new Dictionary<string, string>());
        string text = DeployFiles.Read("nginx", "nginx.conf");
        double Number(string setting) =>
            double.Parse(Regex.Match(text, $@"{setting} (\d+)[ms];").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.True(Number("client_max_body_size") * (1 << 20) > config["max_body"]!.GetValue<long>());
        Assert.True(Number("proxy_read_timeout") > config["timeout"]!.GetValue<double>());
    }

    [Fact]
    public async Task Every_port_is_that_of_the_server()
    {
        int port = (await Program.ConfigAsync([], new Dictionary<string, string>()))["port"]!.GetValue<int>();
        string[] inside =
        [
            .. Dockerfile.Stages.Values.Where(stage => stage.Port.Length > 0).Select(stage => stage.Port),
            .. Regex.Matches(DeployFiles.Read("nginx", "nginx.conf"), @"server replica-\d:(\d+)").Select(m => m.Groups[1].Value),
            DeployFiles.Text(
                DeployFiles.Root(DeployFiles.Read("compose", "compose.yaml"))["services"]["vlmsharp"]["ports"][0]).Split(':')[^1],
        ];
        Assert.Equal(Enumerable.Repeat($"{port}", 5), inside);
        Assert.Equal(
            "8080",
            DeployFiles.Text(
                DeployFiles.Root(DeployFiles.Read("compose", "compose-replicas.yaml"))["services"]["nginx"]["ports"][0]).Split(':')[^1]);
        Assert.Contains("listen 8080;", DeployFiles.Read("nginx", "nginx.conf"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_path_is_a_route()
    {
        string[] paths = [.. DeployFiles.All.SelectMany(path => Route().Matches(File.ReadAllText(path)).Select(m => m.Value)).Distinct()];
        Assert.All(["/health/live", "/health/ready", "/metrics"], path => Assert.Contains(path, paths));
        var server = new RunningServer();
        await server.InitializeAsync();
        try
        {
            foreach (string path in paths)
            {
                using HttpResponseMessage response = await server.Client.GetAsync(server.Server.Address + path);
                Assert.True(response.StatusCode != HttpStatusCode.NotFound, path);
            }
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public void Every_metric_is_exported()
    {
        string[] names = [.. DeployFiles.All.SelectMany(path => Metric().Matches(File.ReadAllText(path)).Select(m => m.Value)).Distinct()];
        Assert.Contains("vlmsharp_server_queue_depth", names);
        Assert.All(names, name => Assert.NotNull(exported.MetricOf(name)));
    }

    [GeneratedRegex("(?<![\\w-])--[a-z][a-z0-9-]+")]
    private static partial Regex Option();

    [GeneratedRegex("\\bVLMSHARP_[A-Z_]+")]
    private static partial Regex Variable();

    [GeneratedRegex("(?<![\\w.])/(health/\\w+|metrics|v1/[\\w/]+)")]
    private static partial Regex Route();

    [GeneratedRegex("\\bvlmsharp_(server|step|decode)_\\w+|\\bgen_ai_\\w+")]
    private static partial Regex Metric();
}

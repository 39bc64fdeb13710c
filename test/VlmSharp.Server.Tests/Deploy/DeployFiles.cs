using System.Text.Json;
using System.Text.RegularExpressions;
using VlmSharp.Conformance;
using YamlDotNet.RepresentationModel;

namespace VlmSharp.Server.Tests.Deploy;

/// <summary>What the deployment files tell the server: commands and settings.</summary>
internal static partial class DeployFiles
{
    /// <summary>How a server is started: its arguments and its environment.</summary>
    public sealed record Command(string Source, string[] Arguments, IReadOnlyDictionary<string, string> Environment);

    /// <summary>The deployment files, and the documentation page about them.</summary>
    public static string[] All { get; } =
    [
        Of("Dockerfile"), Of("docs", "deployment.md"),
        .. new[] { "compose", "nginx", "systemd", "kubernetes" }.SelectMany(folder => Directory.GetFiles(Of("deploy", folder)))
            .Where(path => Path.GetExtension(path) is ".yaml" or ".conf" or ".service").Order(StringComparer.Ordinal),
    ];

    /// <summary>The path of a file in the repository.</summary>
    public static string Of(params string[] parts) => Path.Combine([GoldenFiles.Root, .. parts]);

    /// <summary>The text of a file in deploy/.</summary>
    public static string Read(string folder, string name) => File.ReadAllText(Of("deploy", folder, name));

    /// <summary>All commands that start a server.</summary>
    public static IEnumerable<Command> Commands() =>
        [.. Images(), .. Compose("compose.yaml"), .. Compose("compose-replicas.yaml"), Unit(), Pod()];

    private static IEnumerable<Command> Images() =>
        Dockerfile.Stages.Values.Where(stage => stage.Entrypoint.Length > 0)
            .Select(stage => new Command($"Dockerfile {stage.Name}", stage.Entrypoint[3..], stage.Environment));

    /// <summary>The servers of a compose file, with the settings of their image.</summary>
    public static IEnumerable<Command> Compose(string name)
    {
        foreach ((string service, YamlNode node) in Members(Root(Read("compose", name))["services"]))
        {
            if (Text(node["image"]) != "vlmsharp") continue;
            var environment = new Dictionary<string, string>(Dockerfile.Stages["cpu"].Environment);
            foreach ((string variable, YamlNode value) in Members(node["environment"])) environment[variable] = Text(value);
            yield return new Command($"{name} {service}", Texts(node["command"]), environment);
        }
    }

    private static Command Unit()
    {
        string unit = Read("systemd", "vlmsharp.service");
        string[] words =
            Setting().Matches(unit).Where(m => m.Groups[1].Value == "ExecStart").Select(m => m.Groups[2].Value).Single().Split(' ');
        var environment = Setting()
            .Matches(unit)
            .Where(m => m.Groups[1].Value == "Environment")
            .SelectMany(m => m.Groups[2].Value.Split(' '))
            .Select(pair => pair.Split('=', 2))
            .ToDictionary(p => p[0], p => p[1]);
        return new Command("vlmsharp.service", words[3..], environment);
    }

    private static Command Pod()
    {
        YamlNode container = Root(Read("kubernetes", "deployment.yaml"))["spec"]["template"]["spec"]["containers"][0];
        var environment = new Dictionary<string, string>(Dockerfile.Stages["cpu"].Environment);
        foreach (YamlNode variable in (YamlSequenceNode)container["env"]) environment[Text(variable["name"])] = Text(variable["value"]);
        return new Command("deployment.yaml", Texts(container["args"]), environment);
    }

    /// <summary>The first document of a YAML text.</summary>
    public static YamlNode Root(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream.Documents[0].RootNode;
    }

    /// <summary>The members of a mapping.</summary>
    public static IEnumerable<(string Name, YamlNode Value)> Members(YamlNode node) =>
        ((YamlMappingNode)node).Children.Select(pair => (Text(pair.Key), pair.Value));

    /// <summary>The text of a scalar.</summary>
    public static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    /// <summary>The texts of a sequence of scalars.</summary>
    public static string[] Texts(YamlNode node) => [.. ((YamlSequenceNode)node).Select(Text)];

    /// <summary>The value in a line <c>Name=value</c> of the systemd unit.</summary>
    public static string UnitSetting(string name) =>
        Setting().Matches(Read("systemd", "vlmsharp.service")).Single(m => m.Groups[1].Value == name).Groups[2].Value;

    [GeneratedRegex("^(\\w+)=(.*)$", RegexOptions.Multiline)]
    private static partial Regex Setting();
}

/// <summary>The Dockerfile, read as far as a test needs.</summary>
internal static class Dockerfile
{
    /// <summary>A stage of the build: its base image, its user and its start command.</summary>
    public sealed record Stage(
        string Name, string From, string[] Runs, Dictionary<string, string> Environment, string User, string Port, string[] Entrypoint,
        string[] HealthCheck);

    /// <summary>The stages by name, in order.</summary>
    public static IReadOnlyDictionary<string, Stage> Stages { get; } = Read().ToDictionary(stage => stage.Name);

    private static IEnumerable<Stage> Read()
    {
        string text = File.ReadAllText(DeployFiles.Of("Dockerfile")).Replace("\\\n", " ", StringComparison.Ordinal);
        string[] lines = [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#')];
        int[] starts =
            [.. Enumerable.Range(0, lines.Length).Where(i => lines[i].StartsWith("FROM ", StringComparison.Ordinal)), lines.Length];
        for (int i = 0; i + 1 < starts.Length; i++) yield return Make(lines[starts[i]..starts[i + 1]]);
    }

    private static Stage Make(string[] lines)
    {
        string[] All(string word) =>
            [.. lines.Where(line => line.StartsWith(word + " ", StringComparison.Ordinal)).Select(line => line[(word.Length + 1)..])];
        string[] from = All("FROM")[0].Split(' ');
        var environment = All("ENV")
            .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(pair => pair.Split('=', 2))
            .ToDictionary(p => p[0], p => p[1]);
        string check = All("HEALTHCHECK").FirstOrDefault() ?? "CMD []";
        return new Stage(from[^1],
            from[^3], All("RUN"), environment, All("USER").FirstOrDefault() ?? "", All("EXPOSE").FirstOrDefault() ?? "",
            Words(All("ENTRYPOINT").FirstOrDefault() ?? "[]"), Words(check[(check.IndexOf("CMD", StringComparison.Ordinal) + 3)..]));
    }

    private static string[] Words(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(word => word.GetString()!)];
    }
}

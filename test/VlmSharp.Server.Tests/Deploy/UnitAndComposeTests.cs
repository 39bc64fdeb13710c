using VlmSharp.Conformance;
namespace VlmSharp.Server.Tests.Deploy;

/// <summary>Checks the systemd unit and the compose files with systemd and docker-compose themselves.</summary>
public sealed class UnitAndComposeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vlmsharp-deploy-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [ToolFact("systemd-analyze")]
    public async Task Systemd_finds_no_fault_in_the_unit()
    {
        (int code, string output, string errors) = await Tool.RunAsync("systemd-analyze", ["verify", Unit(text => text)]);
        Assert.Equal((0, ""), (code, output + errors));
        (_, output, errors) = await Tool.RunAsync(
            "systemd-analyze", ["verify", Unit(text => text.Replace("ProtectSystem=", "ProtectSystm=", StringComparison.Ordinal))]);
        Assert.Contains("ProtectSystm", output + errors, StringComparison.Ordinal);
    }

    [ToolFact("systemd-analyze")]
    public async Task Systemd_rates_the_unit_as_little_exposed()
    {
        // The threshold runs from 0 to 100: ten times the number that systemd-analyze prints.
        (int code, string output, string errors) =
            await Tool.RunAsync("systemd-analyze", ["security", "--offline=true", "--threshold=20", "--no-pager", Unit(text => text)]);
        Assert.True(code == 0, output + errors);
    }

    [ToolFact("docker-compose")]
    public async Task Compose_understands_its_files()
    {
        foreach (string name in new[] { "compose.yaml", "compose-replicas.yaml" })
        {
            (int code, string output, string errors) =
                await Tool.RunAsync("docker-compose", ["-f", DeployFiles.Of("deploy", "compose", name), "config", "--services"], folder);
            Assert.True(code == 0, errors);
            Assert.Equal(
                name == "compose.yaml" ? ["vlmsharp"] : ["nginx", "replica-1", "replica-2"],
                output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Compose_asks_for_health_as_the_image_does()
    {
        foreach (string name in new[] { "compose.yaml", "compose-replicas.yaml" })
        {
            foreach ((string service, YamlDotNet.RepresentationModel.YamlNode node) in DeployFiles.Members(
                DeployFiles.Root(DeployFiles.Read("compose", name))["services"]))
            {
                Assert.Equal("true", DeployFiles.Text(node["read_only"]));
                if (service != "nginx")
                    Assert.Equal(["CMD", .. Dockerfile.Stages["cpu"].HealthCheck], DeployFiles.Texts(node["healthcheck"]["test"]));
            }
        }
    }

    /// <summary>Writes the unit with a program that exists on this machine.</summary>
    private string Unit(Func<string, string> change)
    {
        string path = Path.Combine(folder, "vlmsharp.service");
        File.WriteAllText(
            path,
            change(DeployFiles.Read("systemd", "vlmsharp.service")).Replace("/usr/bin/dotnet", "/bin/true", StringComparison.Ordinal));
        return path;
    }
}

using System.Text.Json.Nodes;
using VlmSharp.Conformance;
using VlmSharp.Hub.Tests.Server;

namespace VlmSharp.Hub.Tests.Processes;

/// <summary><c>vlmsharp doctor</c>.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private async Task<(int Code, JsonNode Report, string Output)> DoctorAsync(
        string[] arguments, params (string Name, string Value)[] environment)
    {
        (int code, string output, string error) = await ProgramRun.RunAsync(folder.Path, ["doctor", "--json", .. arguments], environment);
        Assert.True(error.Length == 0, error);
        return (code, JsonNode.Parse(output)!, output);
    }

    private static IEnumerable<(string Level, string Text)> Of(JsonNode report, string name) =>
        report["findings"]!
            .AsArray()
            .Where(f => f!["name"]!.GetValue<string>() == name)
            .Select(f => (f!["level"]!.GetValue<string>(), f["text"]!.GetValue<string>()));

    [Fact]
    public async Task It_looks_at_everything_and_shows_no_token()
    {
        (int code, JsonNode report, string output) = await DoctorAsync([], ("HF_TOKEN", FakeHub.Token));
        Assert.Equal(0, code);
        foreach (string name in (string[])[
            "program", "commands", "serve", "GPU backend", "processor", "threads", "memory", "device", "cache", "token", "endpoint",
            "disk", "temporary folder"
        ])
            Assert.NotEmpty(Of(report, name));
        Assert.Equal([("good", "from HF_TOKEN")], Of(report, "token"));
        Assert.Contains("pull", Of(report, "commands").Single().Text, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeHub.Token, output, StringComparison.Ordinal);
        Assert.Empty(Of(report, "online"));
    }

    [Fact]
    public async Task It_lists_the_models_of_the_cache()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1_000_000));
        Assert.Equal(
            0, (await ProgramRun.RunAsync(folder.Path, ["pull", FakeHub.Model, "-q"], ("HF_ENDPOINT", hub.Address.OriginalString))).Code);
        Assert.Equal([("good", "acme/tiny, 1.0 MB")], Of((await DoctorAsync([])).Report, "model"));
        File.Delete(
            Path.Combine(folder.Path, "huggingface", "hub", "models--acme--tiny", "snapshots", FakeHub.Commit, "model.safetensors"));
        JsonNode report = (await DoctorAsync([])).Report;
        Assert.Equal([("warning", "acme/tiny, 5.0 kB: model.safetensors is missing")], Of(report, "model"));
        Assert.Contains("vlmsharp pull acme/tiny", report["findings"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_online_it_asks_the_hub_and_no_answer_is_a_problem()
    {
        await using var hub = new FakeHub();
        (int code, JsonNode report, _) =
            await DoctorAsync(["--online", "--endpoint", hub.Address.OriginalString], ("HF_TOKEN", FakeHub.Token));
        Assert.Equal(("good", 0), (Of(report, "online").Single().Level, code));
        Assert.EndsWith("and knows the token", Of(report, "online").Single().Text, StringComparison.Ordinal);
        Uri gone = hub.Address;
        await hub.DisposeAsync();
        (code, report, _) = await DoctorAsync(["--online", "--endpoint", gone.OriginalString]);
        Assert.Equal(("problem", 1), (Of(report, "online").Single().Level, code));
        Assert.Equal(1, report["problems"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_token_that_others_may_read_is_a_warning()
    {
        if (OperatingSystem.IsWindows()) return;
        string file = folder.Write("token", System.Text.Encoding.ASCII.GetBytes(FakeHub.Token));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Equal([("warning", $"from {file}, which others may read")], Of((await DoctorAsync(["--token-file", file])).Report, "token"));
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        Assert.Equal([("good", $"from {file}")], Of((await DoctorAsync(["--token-file", file])).Report, "token"));
    }

    [Theory]
    [InlineData("two words", "is no token")]
    [InlineData(null, "does not exist: give a file with a token")]
    public async Task A_token_that_cannot_be_used_is_one_finding_among_all(string? text, string advice)
    {
        string file = text is null ? folder.At("none") : folder.Write("token", System.Text.Encoding.ASCII.GetBytes(text));
        (int code, JsonNode report, string output) = await DoctorAsync(["--token-file", file]);
        Assert.Equal(1, code);
        Assert.Equal([("problem", "cannot be used")], Of(report, "token"));
        Assert.Contains(advice, output, StringComparison.Ordinal);
        foreach (string name in (string[])["cache", "endpoint", "disk", "temporary folder"]) Assert.NotEmpty(Of(report, name));
        Assert.Empty(Of(report, "hub"));
    }

    [Fact]
    public async Task Unusable_settings_are_a_problem_with_a_reason()
    {
        (int code, JsonNode report, _) = await DoctorAsync([], ("HF_ENDPOINT", "huggingface.co"));
        Assert.Equal(1, code);
        Assert.Equal("problem", Of(report, "hub").Single().Level);
    }

    [Fact]
    public async Task The_text_has_a_line_for_each_check_and_advice_below()
    {
        (int code, string output, _) = await ProgramRun.RunAsync(folder.Path, ["doctor"]);
        Assert.Equal(0, code);
        Assert.Contains("WARNING  token: none", output, StringComparison.Ordinal);
        Assert.Contains("         -> models with a license", output, StringComparison.Ordinal);
    }
}

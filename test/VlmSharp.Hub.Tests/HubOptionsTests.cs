using VlmSharp.Conformance;

namespace VlmSharp.Hub.Tests;

/// <summary>The environment variables of Python's tools have the same meaning here.</summary>
public sealed class HubOptionsTests
{
    private static readonly string Home = OperatingSystem.IsWindows() ? @"C:\home" : "/home/me";

    private static HubOptions Of(params (string Name, string Value)[] variables)
    {
        var all = variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal);
        all.TryAdd(OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME", Home);
        return HubOptions.FromEnvironment(name => all.GetValueOrDefault(name));
    }

    private static string At(params string[] parts) => Path.GetFullPath(Path.Combine([Home, .. parts]));

    [Fact]
    public void Without_variables_the_cache_is_that_of_python()
    {
        HubOptions options = Of();
        Assert.Equal(At(".cache", "huggingface", "hub"), options.CacheDirectory);
        Assert.Equal(At(".cache", "huggingface", "token"), options.TokenFile);
        Assert.Equal(new Uri("https://huggingface.co"), options.Endpoint);
        Assert.Null(options.Token);
        Assert.False(options.IsOffline);
        Assert.True(options.UseSymlinks);
    }

    [Fact]
    public void The_more_specific_variable_counts()
    {
        Assert.Equal(Path.GetFullPath("/x/huggingface/hub"), Of(("XDG_CACHE_HOME", "/x")).CacheDirectory);
        Assert.Equal(Path.GetFullPath("/h/hub"), Of(("XDG_CACHE_HOME", "/x"), ("HF_HOME", "/h")).CacheDirectory);
        Assert.Equal(Path.GetFullPath("/c"), Of(("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")).CacheDirectory);
        Assert.Equal(Path.GetFullPath("/h/token"), Of(("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")).TokenFile);
        Assert.Equal(Path.GetFullPath("/t"), Of(("HF_HOME", "/h"), ("HF_TOKEN_PATH", "/t")).TokenFile);
        Assert.Equal(At("models"), Of(("HF_HUB_CACHE", "~/models")).CacheDirectory);
        Assert.Equal(At(".cache", "huggingface", "hub"), Of(("HF_HOME", "")).CacheDirectory);
    }

    [Theory, InlineData("1", true), InlineData("true", true), InlineData("ON", true), InlineData("yes", true), InlineData("0", false),
        InlineData("", false), InlineData("no", false)]
    public void A_switch_is_turned_on_by_the_words_that_python_accepts(string value, bool isOn)
    {
        Assert.Equal(isOn, Of(("HF_HUB_OFFLINE", value)).IsOffline);
        Assert.Equal(!isOn, Of(("HF_HUB_DISABLE_SYMLINKS", value)).UseSymlinks);
    }

    [Fact]
    public void A_token_comes_from_the_variable_or_the_file_and_is_never_printed()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("token", "hf_ofTheFile\n"u8);
        HubToken ofFile = Of(("HF_TOKEN_PATH", file)).Token!,
            ofVariable = Of(("HF_TOKEN_PATH", file), ("HF_TOKEN", " hf_ofTheVariable ")).Token!;
        Assert.Equal(("hf_ofTheFile", file), (ofFile.Text, ofFile.Source));
        Assert.Equal(("hf_ofTheVariable", "HF_TOKEN"), (ofVariable.Text, ofVariable.Source));
        Assert.Equal($"token from {file}", $"{ofFile}");
        // because a record prints all its members
        Assert.DoesNotContain("hf_of", $"{Of(("HF_TOKEN", "hf_ofTheVariable"))}", StringComparison.Ordinal);
        Assert.Null(Of(("HF_TOKEN_PATH", file), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).Token);
    }

    [Theory, InlineData("hf_a b"), InlineData("hf_a\nX-Header: b"), InlineData("hf_\u00e4")]
    public void A_token_that_no_header_can_hold_is_refused_without_showing_it(string text)
    {
        HubException error = Assert.Throws<HubException>(() => HubToken.From(text, "HF_TOKEN"));
        Assert.Equal(HubErrorKind.TokenRefused, error.Kind);
        Assert.DoesNotContain("hf_a", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("huggingface.co"), InlineData("ftp://x"), InlineData("https://me:secret@x"), InlineData("https://x/?a=b")]
    public void An_endpoint_is_an_address_without_secrets(string text) =>
        Assert.Throws<ArgumentException>(() => Of(("HF_ENDPOINT", text)));
}

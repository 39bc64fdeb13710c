using VlmSharp.Conformance;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Pictures;

namespace VlmSharp.Server.Tests.Pictures;

/// <summary>Files of one folder, and no way out of it.</summary>
public sealed class LocalPicturesTests : IDisposable
{
    private const int Most = 1000;

    private readonly TemporaryFolder folder = new();
    private readonly string allowed;

    public LocalPicturesTests()
    {
        allowed = folder.At("allowed");
        Directory.CreateDirectory(Path.Combine(allowed, "deep"));
        Directory.CreateDirectory(folder.At("allowed-not"));
        folder.Write("secret.png", [9]);
        folder.Write("allowed-not/secret.png", [9]);
        folder.Write("allowed/a.png", [1, 2]);
        folder.Write("allowed/b c\u00fc%41.png", [5]);
        folder.Write("allowed/deep/b.png", [3]);
        folder.Write("allowed/large.png", new byte[Most + 1]);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Files_of_the_folder_are_read_at_any_depth()
    {
        var pictures = new LocalPictures(allowed + "/");
        Assert.Equal([1, 2], pictures.Read(Url("allowed/a.png"), Most));
        Assert.Equal([3], pictures.Read(Url("allowed/deep/b.png"), Most));
        Assert.Equal([3], pictures.Read(Url("allowed/deep/../deep/./b.png"), Most));
        Assert.Equal([3], pictures.Read(Url("allowed/d%65ep/b.png"), Most));
        Assert.Equal([5], pictures.Read(Url("allowed/b%20c%C3%BC%2541.png"), Most));
    }

    [Theory]
    [InlineData("secret.png")]
    [InlineData("allowed-not/secret.png")]
    [InlineData("allowed/../secret.png")]
    [InlineData("allowed/%2e%2e/secret.png")]
    [InlineData("allowed/%2e%2e%2fsecret.png")]
    [InlineData("allowed/deep/../../secret.png")]
    [InlineData("allowed/..")]
    [InlineData("allowed")]
    [InlineData("missing.png")]
    [InlineData("allowed/a.png%00.jpg")]
    public void A_path_outside_is_refused_in_the_same_words_whether_it_exists_or_not(string path) =>
        Assert.Equal("The image's file is not in the folder that this server reads files from.", Fault(Url(path)).Message);

    [Theory]
    [InlineData("file:///etc/passwd", "not in the folder")]
    [InlineData("file:/etc/passwd", "")]
    [InlineData("file:////etc/passwd", "")]
    [InlineData("file://localhost/etc/passwd", "")]
    [InlineData("file://server/share/a.png", "not of the form")]
    [InlineData("file:a.png", "")]
    [InlineData("file:///a.png?x", "not of the form")]
    [InlineData("file:///a\\..\\b.png", "not of the form")]
    [InlineData("file:", "")]
    public void Other_file_URLs_are_refused(string url, string reason)
    {
        ApiException e = Fault(url);
        Assert.Equal((400, "invalid_image_url"), (e.Status, e.Code));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_are_followed_and_must_not_lead_out()
    {
        if (OperatingSystem.IsWindows()) return; // making links needs privileges there
        File.CreateSymbolicLink(folder.At("allowed/inside.png"), "deep/b.png");
        File.CreateSymbolicLink(folder.At("allowed/out.png"), folder.At("secret.png"));
        File.CreateSymbolicLink(folder.At("allowed/relative.png"), "../secret.png");
        File.CreateSymbolicLink(folder.At("allowed/twice.png"), "out.png");
        Directory.CreateSymbolicLink(folder.At("allowed/up"), "..");
        Directory.CreateSymbolicLink(folder.At("allowed/root"), "/");
        File.CreateSymbolicLink(folder.At("allowed/circle.png"), "circle.png");
        File.CreateSymbolicLink(folder.At("allowed/back.png"), "../allowed/a.png");
        Directory.CreateSymbolicLink(folder.At("other-name"), "allowed");

        var pictures = new LocalPictures(allowed);
        Assert.Equal([3], pictures.Read(Url("allowed/inside.png"), Most));
        Assert.Equal([1, 2], pictures.Read(Url("allowed/back.png"), Most));
        Assert.Equal([1, 2], new LocalPictures(folder.At("other-name")).Read(Url("other-name/a.png"), Most));
        Assert.Equal([1, 2], new LocalPictures(folder.At("other-name")).Read(Url("allowed/a.png"), Most));
        foreach (string path in (string[])[
            "out.png", "relative.png", "twice.png", "up/secret.png", "root/etc/passwd", "circle.png", "up/allowed-not/secret.png"
        ])
            Assert.Contains("not in the folder", Fault(Url("allowed/" + path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_reported_without_its_path()
    {
        foreach (string path in (string[])["allowed/missing.png", "allowed/deep", "allowed/a.png/b"])
        {
            ApiException e = Fault(Url(path));
            Assert.Equal("The image's file does not exist or cannot be read.", e.Message);
            Assert.Null(e.InnerException);
        }
        Assert.Equal(413, Fault(Url("allowed/large.png")).Status);
    }

    [Fact]
    public void A_missing_folder_is_reported_when_the_server_starts() =>
        Assert.Contains(
            "does not exist",
            Assert.Throws<ArgumentException>(() => new LocalPictures(folder.At("none"))).Message,
            StringComparison.Ordinal);

    private string Url(string path) => $"file://{folder.Path.Replace('\\', '/')}/{path}";

    private ApiException Fault(string url) => Assert.Throws<ApiException>(() => new LocalPictures(allowed).Read(url, Most));
}

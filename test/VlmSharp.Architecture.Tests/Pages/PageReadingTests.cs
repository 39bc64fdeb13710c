namespace VlmSharp.Architecture.Tests.Pages;

/// <summary>If something on a page is not found, it is not checked.</summary>
public sealed class PageReadingTests
{
    private readonly Page page = new("""
        # One `title`, two: words

        See [the tour](docs/tour.md#1-bytes), ![a picture](a.png), [`code`](b.md) and `[no link](c.md)`.

            .ci/run    # a command

        ## Words
        ## Words

        ```csharp
        using VlmSharp.Cpu; // [no link](d.md)
        # no heading
        ```
        """);

    [Fact]
    public void Links() => Assert.Equal(["docs/tour.md#1-bytes", "a.png", "b.md"], page.Links);

    [Fact]
    public void Anchors() => Assert.Equal(["one-title-two-words", "words", "words-1"], page.Anchors.Order(StringComparer.Ordinal));

    [Fact]
    public void Code()
    {
        Assert.Equal(["title", "code", "[no link](c.md)"], page.Spans);
        Assert.Equal([".ci/run    # a command"], page.Indented);
        Assert.Contains("using VlmSharp.Cpu;", Assert.Single(page.Blocks), StringComparison.Ordinal);
    }

    [Fact]
    public void Paths() => Assert.Equal(
        ["docs/tour.md", "VlmSharp.Core/Compute/Reference", ".ci/run", "test/golden"],
        RepositoryFiles.PathsIn("docs/tour.md, VlmSharp.Core/Compute/Reference/ and .ci/run; test/golden. None are: "
            + "my/docs/x.md, docs/*.md, demo/a[12].png, VlmSharp.Cli/bin/Release, VlmSharp.Core."));
}

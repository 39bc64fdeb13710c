namespace VlmSharp.Hub.Tests;

public sealed class HubModelTests
{
    [Theory]
    [InlineData("google/paligemma-3b-mix-224", "google/paligemma-3b-mix-224", "main")]
    [InlineData("google/paligemma-3b-pt-448@bfloat16", "google/paligemma-3b-pt-448", "bfloat16")]
    [InlineData("a/b@refs/pr/3", "a/b", "refs/pr/3")]
    [InlineData("a/b@v1.0-rc_1", "a/b", "v1.0-rc_1")]
    public void A_name_has_an_owner_and_an_optional_revision(string text, string name, string revision)
    {
        HubModel model = HubModel.Parse(text);
        Assert.Equal((name, revision), (model.Name, model.Revision));
        Assert.Equal(text, model.ToString());
        Assert.Equal(model, HubModel.Parse(name).At(revision));
    }

    [Theory]
    [InlineData("paligemma"), InlineData("a/b/c"), InlineData(""), InlineData("/b"), InlineData("a/"), InlineData("../b"),
        InlineData("a/.."), InlineData("a/-b"), InlineData("a--x/b")]
    [InlineData("a/b--c"), InlineData("a/b.git"), InlineData("a/b c"), InlineData("a/b\n"), InlineData("a\\b/c"), InlineData("~/b"),
        InlineData("./b"), InlineData("a/b%2F")]
    [InlineData("a/b@"), InlineData("a/b@../../x"), InlineData("a/b@/etc"), InlineData("a/b@x//y"), InlineData("a/b@x y"),
        InlineData("a/b@x\n"), InlineData("a/b@x/."), InlineData("a/b@CON/x")]
    [InlineData("a/b@c@d"), InlineData("a/b@x.lock")]
    public void A_name_that_could_lead_elsewhere_is_refused(string text)
    {
        Assert.False(HubModel.TryParse(text, out _));
        Assert.Equal(HubErrorKind.BadName, Assert.Throws<HubException>(() => HubModel.Parse(text)).Kind);
    }

    [Fact]
    public void A_name_is_no_longer_than_the_hub_allows()
    {
        Assert.True(HubModel.TryParse("a/" + new string('b', 94), out _));
        Assert.False(HubModel.TryParse("a/" + new string('b', 95), out _));
        Assert.False(HubModel.TryParse("a/b@" + new string('c', 201), out _));
    }

    [Theory]
    [InlineData("config.json", true), InlineData("a/b/c.json", true), InlineData("model-00001-of-00002.safetensors", true),
        InlineData(".gitattributes", true)]
    [InlineData("../x", false), InlineData("a/../x", false), InlineData("/etc/passwd", false), InlineData("a//b", false),
        InlineData("a\\b", false), InlineData("C:x", false)]
    [InlineData("NUL", false), InlineData("nul.safetensors", false), InlineData("a/com1.json", false), InlineData("a.", false),
        InlineData("a ", false), InlineData("", false)]
    [InlineData("a\0b", false), InlineData("a\u001b[2Jb", false), InlineData("a|b", false)]
    public void A_file_of_a_repository_stays_within_its_folder(string name, bool isGood) =>
        Assert.Equal(isGood, RepositoryPath.Problem(name) is null);
}

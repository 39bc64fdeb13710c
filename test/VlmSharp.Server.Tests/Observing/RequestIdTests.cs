using Microsoft.Extensions.Primitives;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>Whose id a request has.</summary>
public sealed class RequestIdTests
{
    [Theory]
    [InlineData("7f3a")]
    [InlineData("Root:1-67891233.abc_DEF")]
    public void A_plain_word_of_the_client_is_its_id(string id) => Assert.Equal(id, RequestId.From(id));

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("é")]
    [InlineData("<script>")]
    [InlineData("\"")]
    public void Anything_else_is_not(string id)
    {
        string own = RequestId.From(id);
        Assert.Matches("^req_[0-9a-f]{32}$", own);
        Assert.NotEqual(own, RequestId.From(id));
    }

    [Fact]
    public void A_long_id_two_ids_and_none_are_not()
    {
        Assert.Equal(128, RequestId.From(new string('a', 128)).Length);
        Assert.StartsWith("req_", RequestId.From(new string('a', 129)), StringComparison.Ordinal);
        Assert.StartsWith("req_", RequestId.From(new StringValues(["a", "b"])), StringComparison.Ordinal);
        Assert.StartsWith("req_", RequestId.From(StringValues.Empty), StringComparison.Ordinal);
    }
}

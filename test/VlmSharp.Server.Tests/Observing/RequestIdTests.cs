using Microsoft.Extensions.Primitives;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>Which id a request gets.</summary>
public sealed class RequestIdTests
{
    [Theory]
    [InlineData("7f3a")]
    [InlineData("Root:1-67891233.abc_DEF")]
    public void A_plain_id_of_the_client_is_kept(string id) => Assert.Equal(id, RequestId.From(id));

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("é")]
    [InlineData("<script>")]
    [InlineData("\"")]
    public void Any_other_id_is_replaced(string id)
    {
        string own = RequestId.From(id);
        Assert.Matches("^req_[0-9a-f]{32}$", own);
        Assert.NotEqual(own, RequestId.From(id));
    }

    [Fact]
    public void A_long_id_two_ids_and_no_id_are_replaced()
    {
        Assert.Equal(128, RequestId.From(new string('a', 128)).Length);
        Assert.StartsWith("req_", RequestId.From(new string('a', 129)), StringComparison.Ordinal);
        Assert.StartsWith("req_", RequestId.From(new StringValues(["a", "b"])), StringComparison.Ordinal);
        Assert.StartsWith("req_", RequestId.From(StringValues.Empty), StringComparison.Ordinal);
    }
}

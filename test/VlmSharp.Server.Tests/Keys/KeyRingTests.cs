using VlmSharp.Server.Errors;
using VlmSharp.Server.Keys;

namespace VlmSharp.Server.Tests.Keys;

/// <summary>Keys as text, and finding whose a request brings.</summary>
public class KeyRingTests
{
    private const string Alice = "sk-alice-0123456789abcdef", Bob = "sk-bob-0123456789abcdef";

    private static readonly KeyRing Ring = KeyRing.Parse($"alice:{Alice}\nbob:{Bob}\n", "keys");

    [Theory]
    [InlineData($"Bearer {Alice}", "alice")]
    [InlineData($"bearer {Bob}", "bob")]
    [InlineData($"BEARER   {Bob}", "bob")]
    [InlineData($"  Bearer {Alice}  ", "alice")]
    public void A_key_is_found_by_its_header(string header, string client)
    {
        Assert.True(Ring.TryFind(header, out string found));
        Assert.Equal(client, found);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData(Alice)]
    [InlineData($"Bearer{Alice}")]
    [InlineData($"Bearer\t{Alice}")]
    [InlineData($"Basic {Alice}")]
    [InlineData($"Bearer {Alice}x")]
    [InlineData($"Bearer x{Alice}")]
    [InlineData($"Bearer {Alice}\0")]
    [InlineData("Bearer sk-alice-0123456789abcde")]
    [InlineData("Bearer SK-ALICE-0123456789ABCDEF")]
    [InlineData($"Bearer {Alice} {Bob}")]
    [InlineData($"Bearer {Alice},{Bob}")]
    [InlineData($"Bearer {Alice}, Bearer {Bob}")] // two headers in one
    [InlineData($"Bearer alice:{Alice}")]
    [InlineData("Bearer alice")]
    [InlineData("Bearer sk-\u0430lice-0123456789abcdef")] // a Cyrillic letter
    [InlineData("Bearer sk-alice-0123456789abcde\u0166")] // whose low byte is an f
    public void Anything_else_is_no_key(string? header)
    {
        Assert.False(Ring.TryFind(header, out string client));
        Assert.Equal("", client);
    }

    [Fact]
    public void A_very_long_header_is_no_key_and_costs_nothing()
    {
        string header = "Bearer " + new string('a', 1_000_000);
        Assert.False(Ring.TryFind(header, out _));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(Ring.TryFind(header, out _));
        Assert.True(Ring.TryFind($"Bearer {Alice}", out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
    }

    [Fact]
    public void Each_of_many_keys_is_found_wherever_it_stands()
    {
        KeyRing many = KeyRing.Parse(string.Join('\n', Enumerable.Range(0, 300).Select(i => $"client{i}:key-{i}-0123456789abcdef")), "keys");
        Assert.Equal(300, many.Count);
        for (int i = 0; i < 300; i++)
        {
            Assert.True(many.TryFind($"Bearer key-{i}-0123456789abcdef", out string client));
            Assert.Equal($"client{i}", client);
        }
    }

    [Fact]
    public void Lines_have_a_name_or_not_and_comments_are_passed_over()
    {
        var warnings = new List<string>();
        KeyRing ring = KeyRing.Parse(
            "\uFEFF# keys of the lab\r\n\r\n  first-key-0123456789abcdef  \r\nalice : with:colon:0123456789\r\n"
            + "#bob:x\r\nalice:alice-new-0123456789\r\nthird-key-0123456789abcdef",
            "keys", warnings);
        Assert.Equal(["key-1", "alice", "alice", "key-4"], ring.Clients);
        Assert.True(ring.TryFind("Bearer with:colon:0123456789", out string client));
        Assert.Equal("alice", client);
        Assert.True(ring.TryFind("Bearer alice-new-0123456789", out client));
        Assert.Equal("alice", client);
        Assert.False(ring.TryFind("Bearer x", out _));
        Assert.Empty(warnings);
    }

    [Theory]
    [InlineData("", "has no key")]
    [InlineData("# only a comment\n\n", "has no key")]
    [InlineData("ok-0123456789abcdef\nalice:", "line 2 has a name and no key")]
    [InlineData("alice:SECRET SECRET", "line 1 has a space")]
    [InlineData("alice:SECRET\u00e9", "line 1 has a space or a character that is not ASCII")]
    [InlineData("\n\nali ce:SECRET", "line 3 has a name before its colon")]
    [InlineData(":SECRET", "line 1 has a name before its colon")]
    [InlineData("SECRET\0:SECRET", "line 1 has a name before its colon")]
    [InlineData("anonymous:SECRET", "'anonymous'")]
    [InlineData("a:SECRETSECRETSECRET\nb:SECRETSECRETSECRET", "key of place 1 comes again under another name")]
    public void What_is_no_key_is_an_error_that_names_the_line_and_no_part_of_a_key(string text, string reason)
    {
        string message = Assert.Throws<KeyFormatException>(() => KeyRing.Parse(text, "The key file 'k'")).Message;
        Assert.StartsWith("The key file 'k'", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_513_characters_is_an_error() =>
        Assert.Contains("more than 512", Assert.Throws<KeyFormatException>(() => KeyRing.Parse(new string('k', 513), "keys")).Message, StringComparison.Ordinal);

    [Fact]
    public void Short_keys_are_good_and_warned_of()
    {
        var warnings = new List<string>();
        Assert.True(KeyRing.Parse("a:secret\nb:0123456789abcdef", "VLMSHARP_API_KEYS", warnings).TryFind("Bearer secret", out _));
        Assert.Equal("VLMSHARP_API_KEYS has 1 keys of fewer than 16 characters", Assert.Single(warnings).Split(',')[0]);
        Assert.DoesNotContain("secret", warnings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_of_a_file_and_of_the_environment_are_all_good()
    {
        KeyRing both = Ring.With(KeyRing.Parse("carol:carol-0123456789abcdef", "environment"));
        Assert.Equal(["alice", "bob", "carol"], both.Clients);
        Assert.True(both.TryFind("Bearer carol-0123456789abcdef", out _));
        // The same key under the same name is one key, under another it is a mistake.
        Assert.Equal(2, Ring.With(KeyRing.Parse($"alice:{Alice}", "environment")).Count);
        Assert.Throws<KeyFormatException>(() => Ring.With(KeyRing.Parse($"eve:{Alice}", "environment")));
    }

    [Fact]
    public void A_refusal_is_401_in_the_same_words_for_every_wrong_key()
    {
        ApiException e = KeyRing.Refusal(brought: true), none = KeyRing.Refusal(brought: false);
        Assert.Equal((401, "invalid_request_error", "invalid_api_key"), (e.Status, e.Type, e.Code));
        Assert.Equal(401, none.Status);
    }

    [Fact]
    public void No_text_of_the_ring_shows_a_key()
    {
        Assert.DoesNotContain("sk-", $"{Ring} {string.Join(' ', Ring.Clients)}", StringComparison.Ordinal);
        Assert.DoesNotContain("sk-", $"{KeyText.Read($"alice:{Alice}", "x", null)[0]}", StringComparison.Ordinal);
    }
}

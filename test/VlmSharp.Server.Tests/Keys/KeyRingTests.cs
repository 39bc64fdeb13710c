using VlmSharp.Server.Errors;
using VlmSharp.Server.Keys;

namespace VlmSharp.Server.Tests.Keys;

/// <summary>Parsing keys, and finding the client whose key a request brings.</summary>
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
    [InlineData("Bearer sk-alice-0123456789abcde\u0166")] // a letter whose low byte is that of f
    public void Any_other_header_has_no_key(string? header)
    {
        Assert.False(Ring.TryFind(header, out string client));
        Assert.Equal("", client);
    }

    [Fact]
    public void A_very_long_header_has_no_key_and_costs_nothing()
    {
        string header = "Bearer " + new string('a', 1_000_000);
        Assert.False(Ring.TryFind(header, out _));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(Ring.TryFind(header, out _));
        Assert.True(Ring.TryFind($"Bearer {Alice}", out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
    }

    [Fact]
    public void Every_one_of_many_keys_is_found()
    {
        KeyRing many =
            KeyRing.Parse(string.Join('\n', Enumerable.Range(0, 300).Select(i => $"client{i}:key-{i}-0123456789abcdef")), "keys");
        Assert.Equal(300, many.Count);
        for (int i = 0; i < 300; i++)
        {
            Assert.True(many.TryFind($"Bearer key-{i}-0123456789abcdef", out string client));
            Assert.Equal($"client{i}", client);
        }
    }

    [Fact]
    public void A_line_may_have_a_name_and_comments_are_skipped()
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
    public void A_bad_line_is_an_error_that_names_the_line_and_shows_no_part_of_a_key(string text, string reason)
    {
        string message = Assert.Throws<KeyFormatException>(() => KeyRing.Parse(text, "The key file 'k'")).Message;
        Assert.StartsWith("The key file 'k'", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_513_characters_is_an_error() =>
        Assert.Contains(
            "more than 512",
            Assert.Throws<KeyFormatException>(() => KeyRing.Parse(new string('k', 513), "keys")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Short_keys_are_valid_and_give_a_warning()
    {
        var warnings = new List<string>();
        Assert.True(KeyRing.Parse("a:secret\nb:0123456789abcdef", "VLMSHARP_API_KEYS", warnings).TryFind("Bearer secret", out _));
        Assert.Equal("VLMSHARP_API_KEYS has 1 keys of fewer than 16 characters", Assert.Single(warnings).Split(',')[0]);
        Assert.DoesNotContain("secret", warnings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_of_the_file_and_of_the_environment_are_all_valid()
    {
        KeyRing both = Ring.With(KeyRing.Parse("carol:carol-0123456789abcdef", "environment"));
        Assert.Equal(["alice", "bob", "carol"], both.Clients);
        Assert.True(both.TryFind("Bearer carol-0123456789abcdef", out _));
        // The same key twice under one name is one key; under two names it is an error.
        Assert.Equal(2, Ring.With(KeyRing.Parse($"alice:{Alice}", "environment")).Count);
        Assert.Throws<KeyFormatException>(() => Ring.With(KeyRing.Parse($"eve:{Alice}", "environment")));
    }

    [Fact]
    public void Every_wrong_key_is_refused_with_the_same_401()
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

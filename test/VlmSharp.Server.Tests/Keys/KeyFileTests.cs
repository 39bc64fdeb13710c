using VlmSharp.Conformance;
using VlmSharp.Server.Keys;

namespace VlmSharp.Server.Tests.Keys;

/// <summary>Keys in a file that changes while the server runs.</summary>
public sealed class KeyFileTests : IDisposable
{
    private const string Old = "alice-old-0123456789abcdef", New = "alice-new-0123456789abcdefg";

    private readonly TemporaryFolder folder = new();
    private readonly ManualClock clock = new();
    private readonly List<string> warnings = [];
    private readonly string path;

    public KeyFileTests()
    {
        path = folder.At("keys");
        Write($"alice:{Old}");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_changed_file_is_read_after_five_seconds()
    {
        KeyFile keys = Open();
        Write($"alice:{New}");
        Assert.True(Knows(keys, Old)); // nobody has looked yet
        clock.Advance(KeyFile.LookEvery);
        Assert.False(Knows(keys, Old));
        Assert.True(Knows(keys, New));
        Assert.Equal(["The API keys were read again: 1 key."], warnings);
        clock.Advance(KeyFile.LookEvery);
        Assert.True(Knows(keys, New));
        Assert.Single(warnings); // nothing has changed, nothing is read
    }

    [Fact]
    public void A_file_that_turns_bad_keeps_the_old_keys_and_is_reported_once()
    {
        KeyFile keys = Open();
        Write("alice:SECRET SECRET");
        for (int i = 0; i < 3; i++)
        {
            clock.Advance(KeyFile.LookEvery);
            Assert.True(Knows(keys, Old));
        }
        Assert.Contains("stay as they were", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", warnings[0], StringComparison.Ordinal);
        File.Delete(path);
        clock.Advance(KeyFile.LookEvery);
        Assert.True(Knows(keys, Old));
        Assert.Contains("does not exist", warnings[^1], StringComparison.Ordinal);
        Write($"alice:{New}");
        clock.Advance(KeyFile.LookEvery);
        Assert.True(Knows(keys, New));
    }

    /// <summary>Kubernetes mounts a secret as a link to a link, and exchanges the inner one.</summary>
    [Fact]
    public void A_replaced_link_counts_as_a_change()
    {
        if (OperatingSystem.IsWindows()) return;
        folder.Write("one", System.Text.Encoding.ASCII.GetBytes($"alice:{Old}"));
        folder.Write("second", System.Text.Encoding.ASCII.GetBytes($"alice:{New}"));
        File.CreateSymbolicLink(folder.At("inner"), "one");
        File.CreateSymbolicLink(folder.At("outer"), "inner");
        var keys = new KeyFile(folder.At("outer"), null, warnings.Add, clock);
        Assert.True(Knows(keys, Old));
        File.Delete(folder.At("inner"));
        File.CreateSymbolicLink(folder.At("inner"), "second");
        clock.Advance(KeyFile.LookEvery);
        Assert.True(Knows(keys, New));
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite, false)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead, true)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.OtherRead, true)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.OtherWrite, true)]
    public void A_file_that_others_can_read_or_change_gives_a_warning(UnixFileMode mode, bool warns)
    {
        if (OperatingSystem.IsWindows()) return;
        File.SetUnixFileMode(path, mode);
        Assert.Equal(1, Open().Current.Count);
        Assert.Equal(warns, warnings.Exists(text => text.Contains("chmod 600", StringComparison.Ordinal)));
    }

    [Fact]
    public void Keys_from_elsewhere_stay_valid()
    {
        var keys = new KeyFile(path, KeyRing.Parse("env:environment-0123456789", "VLMSHARP_API_KEYS"), warnings.Add, clock);
        Assert.True(Knows(keys, "environment-0123456789"));
        Write($"alice:{New}");
        clock.Advance(KeyFile.LookEvery);
        Assert.True(Knows(keys, New));
        Assert.True(Knows(keys, "environment-0123456789"));
    }

    [Fact]
    public void A_server_does_not_start_without_its_key_file()
    {
        Assert.Contains("does not exist", Fault(folder.At("none")), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Fault(folder.Path), StringComparison.Ordinal);
        Assert.Contains("is not UTF-8 text", Fault(folder.Write("binary", [0xFF, 0xFE, 0x00])), StringComparison.Ordinal);
        Assert.Contains("has no key", Fault(folder.Write("empty", [])), StringComparison.Ordinal);
        Assert.Contains("has more than", Fault(folder.Write("huge", new byte[(16 << 20) + 1])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_threads_see_the_old_keys_or_the_new()
    {
        KeyFile keys = Open();
        Write($"alice:{New}");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                KeyRing ring = keys.Current;
                Assert.True(ring.TryFind($"Bearer {Old}", out _) ^ ring.TryFind($"Bearer {New}", out _));
            }
        })));
        Assert.True(Knows(keys, New));
        Assert.Single(warnings);
    }

    private static bool Knows(KeyFile keys, string key) => keys.Current.TryFind($"Bearer {key}", out _);

    private KeyFile Open() => new(path, null, warnings.Add, clock);

    private string Fault(string file) => Assert.Throws<KeyFormatException>(() => new KeyFile(file, null, warnings.Add, clock)).Message;

    private void Write(string text)
    {
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}

using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Hub.Tests.Server;

namespace VlmSharp.Hub.Tests;

/// <summary>Damaged input from outside gives an error of the right type or a usable result.</summary>
public sealed class MutationTests
{
    private const int Times = 20_000;

    private static readonly HubModel Tiny = HubModel.Parse(FakeHub.Model);

    /// <summary>Changes, duplicates, removes or cuts off some bytes.</summary>
    private static byte[] Mutate(byte[] bytes, Random random)
    {
        List<byte> changed = [.. bytes];
        for (int i = random.Next(1, 4); i > 0 && changed.Count > 0; i--)
        {
            int at = random.Next(changed.Count);
            switch (random.Next(5))
            {
                case 0: changed[at] = (byte)random.Next(256); break;
                case 1: changed[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: changed.RemoveAt(at); break;
                case 3: changed.InsertRange(at, changed.GetRange(at, Math.Min(8, changed.Count - at))); break;
                default: changed.RemoveRange(at, changed.Count - at); break;
            }
        }

        return [.. changed];
    }

    [Fact]
    public void A_damaged_listing_is_read_or_an_error()
    {
        byte[] whole = Encoding.UTF8.GetBytes(FakeHub.Listing(["config.json", "model.safetensors", "a/b.json", "\u00e9\ud83d\ude00.txt"])
            .Replace("\\u00E9", "\\ud800", StringComparison.Ordinal));
        var options = new HubOptions { CacheDirectory = "x" };
        var random = new Random(1);
        int good = 0, bad = 0;
        for (int i = 0; i < Times; i++)
        {
            try
            {
                RepositoryListing listing = RepositoryListing.Read(Mutate(whole, random), options, Tiny);
                Assert.All(listing.Files, name => Assert.Null(RepositoryPath.Problem(name)));
                Assert.Matches("^[0-9a-f]{40}$", listing.Commit);
                good++;
            }
            catch (HubException e) when (e.Kind is HubErrorKind.NotAHub or HubErrorKind.UnsafeFileName)
            {
                bad++;
            }
        }

        Assert.Equal(Times, good + bad);
        Assert.True(bad > 100, $"{bad}");
    }

    [Fact]
    public void A_damaged_cache_is_read_or_an_error()
    {
        using var folder = new TemporaryFolder();
        string model = folder.At("models--acme--tiny"), snapshot = Path.Combine(model, "snapshots", FakeHub.Commit);
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(Path.Combine(model, "refs"));
        File.WriteAllText(Path.Combine(snapshot, "config.json"), "{}");
        File.WriteAllText(Path.Combine(snapshot, "model-00001-of-00001.safetensors"), "x");
        byte[] index = """{"weight_map":{"a":"model-00001-of-00001.safetensors","b":"model-00001-of-00001.safetensors"}}"""u8.ToArray();
        byte[] reference = Encoding.ASCII.GetBytes(FakeHub.Commit);
        var cache = new HubCache(folder.Path);
        var random = new Random(2);
        int found = 0;
        for (int i = 0; i < Times / 20; i++)
        {
            File.WriteAllBytes(Path.Combine(snapshot, "model.safetensors.index.json"), random.Next(2) == 0 ? index : Mutate(index, random));
            File.WriteAllBytes(Path.Combine(model, "refs", "main"), random.Next(2) == 0 ? reference : Mutate(reference, random));
            Assert.Single(cache.Models());
            try
            {
                Assert.Equal(snapshot, cache.Find(Tiny).Path);
                found++;
            }
            catch (HubException e) when (e.Kind is HubErrorKind.NotCached or HubErrorKind.IncompleteSnapshot)
            {
            }
        }

        Assert.InRange(found, 1, (Times / 20) - 1);
    }
}

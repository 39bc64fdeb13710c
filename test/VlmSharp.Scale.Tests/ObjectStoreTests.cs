using Amazon.Runtime;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Storage;
using VlmSharp.Scale.Tests.S3;

namespace VlmSharp.Scale.Tests;

/// <summary>The S3 client, tested with a server that checks every request.</summary>
public sealed class ObjectStoreTests
{
    private static readonly ObjectPath Photos = new(S3Server.Bucket, "");

    private static ObjectStore Open(S3Server server, string secret = S3Server.Secret, string accessKey = S3Server.AccessKey) =>
        new(name => name == "AWS_ENDPOINT_URL_S3" ? server.Url : null, new BasicAWSCredentials(accessKey, secret));

    private static byte[] Random(int count)
    {
        byte[] bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static void WithFile(byte[] bytes, Action<string> use)
    {
        string file = Path.GetTempFileName();
        File.WriteAllBytes(file, bytes);
        try
        {
            use(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("plain.png")]
    [InlineData("two words & more+100%=?#~.png")]
    [InlineData("日本/写真/é.png")]
    [InlineData("a//b.png")]
    public async Task An_object_is_read_as_it_was_written_whatever_its_key(string key)
    {
        await using S3Server server = await S3Server.StartAsync();
        using ObjectStore store = Open(server);
        WithFile(Random(100_000), file => store.Upload(file, Photos.Below(key)));
        Assert.Equal(Random(100_000), server.Objects[key]);
        Assert.Equal(Random(100_000), store.Read(Photos.Below(key), 100_000));
        Assert.Equal([(key, 100_000L)], store.List(Photos));
        Assert.Contains("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", server.Payloads.Keys);
        store.Delete(Photos.Below(key));
        Assert.Empty(server.Objects);
        Assert.Empty(server.Refusals);
    }

    [Fact]
    public async Task Long_files_are_sent_in_parts_and_read_in_ranges()
    {
        await using S3Server server = await S3Server.StartAsync();
        using ObjectStore store = Open(server);
        byte[] bytes = Random(18_000_001);
        WithFile(bytes, file => store.Upload(file, Photos.Below("long")));
        Assert.True(server.Objects["long"].AsSpan().SequenceEqual(bytes));
        Assert.True(server.Requests.Count(r => r.IsPart) >= 2);
        Assert.Equal(0, server.OpenUploads);
        Assert.True(store.Read(Photos.Below("long"), bytes.Length).AsSpan().SequenceEqual(bytes));
        Assert.Equal(3, server.Requests.Count(r => r.Method == "GET"));
        Assert.Contains(
            "over the limit",
            Assert.Throws<StorageException>(() => store.Read(Photos.Below("long"), bytes.Length - 1)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_multipart_upload_that_fails_is_aborted()
    {
        await using S3Server server = await S3Server.StartAsync();
        using ObjectStore store = Open(server);
        server.Fault = r => r.IsPart && r.Query["partNumber"] == "2" ? S3Fault.Denied : null;
        WithFile(Random(18_000_000), file =>
            Assert.Contains(
                "access is denied",
                Assert.Throws<StorageException>(() => store.Upload(file, Photos.Below("long"))).Message,
                StringComparison.Ordinal));
        Assert.Empty(server.Objects);
        Assert.Equal(0, server.OpenUploads);
    }

    [Fact]
    public async Task Lists_of_many_pages_are_complete_and_in_order()
    {
        await using S3Server server = await S3Server.StartAsync();
        using ObjectStore store = Open(server);
        for (int i = 0; i < 40; i++) server.Objects[$"a/{i:000}"] = new byte[i];
        server.Objects["b"] = [];
        Assert.Equal(Enumerable.Range(0, 40).Select(i => ($"a/{i:000}", (long)i)), store.List(Photos.Below("a/")));
        Assert.Equal(6, server.Requests.Count);
        Assert.Empty(store.List(Photos.Below("c")));
    }

    [Fact]
    public async Task Empty_objects_are_empty()
    {
        await using S3Server server = await S3Server.StartAsync();
        using ObjectStore store = Open(server);
        WithFile([], file => store.Upload(file, Photos.Below("none")));
        Assert.Empty(store.Read(Photos.Below("none"), 10));
    }

    [Fact]
    public async Task Requests_are_retried_after_slow_down_errors_and_cut_connections()
    {
        await using S3Server server = await S3Server.StartAsync();
        using ObjectStore store = Open(server);
        server.Objects["a"] = Random(200_000);
        var faults = new Queue<S3Fault>([S3Fault.SlowDown, S3Fault.Cut, S3Fault.SlowDown, S3Fault.Cut]);
        server.Fault = _ => faults.TryDequeue(out S3Fault? fault) ? fault : null;
        Assert.Equal(server.Objects["a"], store.Read(Photos.Below("a"), 200_000));
        Assert.Empty(faults);
        WithFile(Random(10), file =>
        {
            faults.Enqueue(S3Fault.SlowDown);
            store.Upload(file, Photos.Below("b"));
        });
        Assert.Equal(Random(10), server.Objects["b"]);
    }

    [Fact]
    public async Task Only_one_writer_can_create_an_object()
    {
        await using S3Server server = await S3Server.StartAsync();
        using ObjectStore store = Open(server);
        WithFile([1], file => Assert.True(store.UploadNew(file, Photos.Below("run.json"))));
        WithFile([2], file => Assert.False(store.UploadNew(file, Photos.Below("run.json"))));
        Assert.Equal([1], server.Objects["run.json"]);
    }

    [Fact]
    public async Task An_object_that_is_changed_while_it_is_read_is_noticed()
    {
        await using S3Server server = await S3Server.StartAsync();
        using ObjectStore store = Open(server);
        server.Objects["a"] = Random(9_000_000);
        using Stream stream = store.OpenRead(Photos.Below("a"));
        stream.ReadExactly(new byte[1000]);
        server.Objects["a"] = Random(9_500_000);
        Assert.Contains("was changed", Assert.Throws<StorageException>(() => stream.CopyTo(Stream.Null)).Message, StringComparison.Ordinal);
    }

    /// <summary>The store can be reached; it is a file here that cannot.</summary>
    [Fact]
    public async Task What_fails_on_this_machine_is_not_the_stores_fault()
    {
        await using S3Server server = await S3Server.StartAsync();
        using ObjectStore store = Open(server);
        string gone = Path.Combine(Path.GetTempPath(), $"vlmsharp-{Guid.NewGuid():N}");
        foreach (string file in new[] { gone, Path.GetTempPath() })
        {
            Action[] uploads = [() => store.Upload(file, Photos.Below("a")), () => store.UploadNew(file, Photos.Below("a"))];
            foreach (Action upload in uploads)
            {
                string message = Assert.Throws<IOException>(upload).Message;
                Assert.StartsWith("s3://photos/a was not written or read, because of a file of this machine: ", message,
                    StringComparison.Ordinal);
                Assert.DoesNotContain("cannot be reached", message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Errors_say_what_to_do()
    {
        await using S3Server server = await S3Server.StartAsync();
        using ObjectStore store = Open(server), wrong = Open(server, secret: "wrong"), unknown = Open(server, accessKey: "AKIDOTHER");
        using ObjectStore nowhere =
            new(name => name == "AWS_ENDPOINT_URL_S3" ? "http://127.0.0.1:9" : null, new BasicAWSCredentials("a", "b"));
        Check(store, new ObjectPath("nobody", "a"), "there is no bucket nobody; check its name");
        Check(store, Photos.Below("a"), "s3://photos/a does not exist; check the key", isOfObject: true);
        Check(wrong, Photos.Below("a"), "does not accept the credentials (SignatureDoesNotMatch); set AWS_ACCESS_KEY_ID");
        Check(unknown, Photos.Below("a"), "does not accept the credentials (InvalidAccessKeyId)");
        Check(nowhere, Photos.Below("a"), "http://127.0.0.1:9 cannot be reached", isTransient: true);
        server.Fault = _ => S3Fault.Denied;
        Check(store, Photos.Below("a"), "access is denied; the credentials need s3:GetObject", isOfObject: true);
        server.Fault = _ => S3Fault.SlowDown;
        Check(store, Photos.Below("a"), "not able to answer now (SlowDown); try again", isTransient: true);
        server.Fault = _ => new S3Fault(403, "ExpiredToken");
        Check(store, Photos.Below("a"), "does not accept the credentials (ExpiredToken)");
        server.Fault = _ => new S3Fault(400, "AuthorizationHeaderMalformed");
        Check(store, Photos.Below("a"), "set AWS_REGION to it");

        static void Check(ObjectStore store, ObjectPath path, string text, bool isTransient = false, bool isOfObject = false)
        {
            StorageException e = Assert.Throws<StorageException>(() => store.Read(path, 10));
            Assert.Contains(text, e.Message, StringComparison.Ordinal);
            Assert.Equal((isTransient, isOfObject), (e.IsTransient, e.IsOfObject));
            Assert.DoesNotContain(S3Server.Secret, e.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("s3://b/lists", "a.png", "s3://b/lists/a.png")]
    [InlineData("s3://b/lists/", "x/a.png", "s3://b/lists/x/a.png")]
    [InlineData("s3://b/lists/", "../x/./a.png", "s3://b/x/a.png")]
    [InlineData("s3://b/", "../../a.png", "s3://b/a.png")]
    [InlineData("s3://b/lists/", "s3://c/a.png", "s3://c/a.png")]
    [InlineData("/data", "s3://c/a.png", "s3://c/a.png")]
    [InlineData("s3://b/lists/", "/data/a.png", "/data/a.png")]
    [InlineData("/data", "a.png", "/data/a.png")]
    public void Paths_are_relative_to_where_their_list_is(string folder, string path, string combined) =>
        Assert.Equal(combined, ObjectPath.Combine(folder, path));

    [Fact]
    public void A_path_names_a_bucket() => Assert.Throws<UsageException>(() => ObjectPath.Parse("s3:///a.png"));
}

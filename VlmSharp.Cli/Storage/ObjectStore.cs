using System.Globalization;
using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;

namespace VlmSharp.Cli.Storage;

/// <summary>
/// Objects of an S3-compatible store. Credentials and region are found as the AWS tools find them: environment, profile, container, machine
/// role. <c>AWS_ENDPOINT_URL_S3</c> or <c>AWS_ENDPOINT_URL</c> names a service that is not AWS; its buckets are then part of the path, not
/// of the host. Errors that remain after the client's own retries become a <see cref="StorageException"/>.
/// </summary>
internal sealed class ObjectStore : IDisposable
{
    /// <summary>Longer files are sent in parts.</summary>
    private const long MaxSinglePut = 16L << 20;

    /// <summary>
    /// Maximum number of listed objects, because their names are held in memory. More are a mistake, or need a list file.
    /// </summary>
    private const int MostKeys = 5_000_000;

    /// <summary>The client retries requests, but not a response body that breaks off.</summary>
    private const int BodyTries = 4;

    private static readonly Lazy<ObjectStore> Lazily = new(() => new ObjectStore(Environment.GetEnvironmentVariable));

    private readonly AmazonS3Client client;
    private readonly string? endpoint;

    /// <summary>Connects to the store that the environment names.</summary>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="credentials">Credentials instead of those of the environment; null to use the environment.</param>
    public ObjectStore(Func<string, string?> environment, AWSCredentials? credentials = null)
    {
        var config = new AmazonS3Config();
        endpoint = Variable("AWS_ENDPOINT_URL_S3") ?? Variable("AWS_ENDPOINT_URL");
        if (endpoint is not null)
        {
            config.ServiceURL = endpoint;
            config.ForcePathStyle = true;
            config.AuthenticationRegion = Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION") ?? "us-east-1";
        }

        client = Call(
            default,
            () => Task.FromResult(credentials is null ? new AmazonS3Client(config) : new AmazonS3Client(credentials, config)));

        string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;
    }

    /// <summary>The store shared by the whole process.</summary>
    public static ObjectStore Shared => Lazily.Value;

    /// <summary>Reads a whole object.</summary>
    /// <param name="path">One object, not a prefix.</param>
    /// <param name="most">The maximum size in bytes.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public byte[] Read(ObjectPath path, long most, CancellationToken cancellationToken = default)
    {
        using var stream = new ObjectStream(this, path, cancellationToken);
        long length = stream.Length;
        if (length > Math.Min(most, Array.MaxLength))
            throw new StorageException($"{path} has {length} bytes, over the limit of {most}.") { IsOfObject = true };
        byte[] bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The bytes of an object in order, fetched in ranges, so that any time may pass between two reads.</summary>
    public Stream OpenRead(ObjectPath path, CancellationToken cancellationToken = default) =>
        new ObjectStream(this, path, cancellationToken);

    /// <summary>Writes an object to a file.</summary>
    /// <returns>Whether the object exists.</returns>
    public bool Download(ObjectPath path, string file)
    {
        try
        {
            using var stream = new ObjectStream(this, path, default);
            _ = stream.Length; // requests the object before the file is created
            using FileStream target = File.Create(file);
            stream.CopyTo(target);
            return true;
        }
        catch (StorageException e) when (e.IsMissing)
        {
            return false;
        }
    }

    /// <summary>A part of an object.</summary>
    /// <param name="path">One object, not a prefix.</param>
    /// <param name="from">Index of the first byte.</param>
    /// <param name="count">Maximum number of bytes.</param>
    /// <param name="version">The ETag that the object must still have; null for any.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The bytes, the length of the whole object, and its ETag.</returns>
    internal (byte[] Bytes, long Length, string? Version) ReadRange(
        ObjectPath path, long from, int count, string? version, CancellationToken cancellationToken) => Call(path, async () =>
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                var range = new ByteRange(from, from + count - 1);
                var request = new GetObjectRequest { BucketName = path.Bucket, Key = path.Key, ByteRange = range, EtagToMatch = version };
                using GetObjectResponse answer = await client.GetObjectAsync(request, cancellationToken);
                if (answer.ContentLength < 0 || answer.ContentLength > count)
                    throw new StorageException(
                        $"{path}: the service answers a range of {count} bytes with {answer.ContentLength}; "
                        + "it must be able to do ranges.");
                byte[] bytes = new byte[answer.ContentLength];
                await answer.ResponseStream.ReadExactlyAsync(bytes, cancellationToken);
                string? whole = answer.ContentRange?.Split('/')[^1];
                long total = long.TryParse(whole, CultureInfo.InvariantCulture, out long length) ? length : bytes.Length;
                return (bytes, total, (string?)answer.ETag);
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && from == 0)
            {
                return ([], 0L, (string?)null); // an empty object has no first byte
            }
            catch (Exception e) when (e is IOException or HttpRequestException && attempt < BodyTries)
            {
                await Task.Delay(TimeSpan.FromSeconds(0.1 * Math.Pow(3, attempt)), cancellationToken);
            }
        }
    });

    /// <summary>The keys that start with the path's key, and the sizes of their objects in bytes, in the order of the store.</summary>
    public IEnumerable<(string Key, long Bytes)> List(ObjectPath prefix)
    {
        string? next = null;
        int count = 0;
        do
        {
            var request = new ListObjectsV2Request { BucketName = prefix.Bucket, Prefix = prefix.Key, ContinuationToken = next };
            ListObjectsV2Response page = Call(prefix, () => client.ListObjectsV2Async(request));
            foreach (S3Object o in page.S3Objects ?? [])
            {
                if (++count > MostKeys)
                    throw new StorageException($"{prefix} has more than {MostKeys} objects; give a list of them (JSONL) instead.");
                yield return (o.Key, o.Size ?? 0);
            }

            string? after = page.IsTruncated == true ? page.NextContinuationToken : null;
            if (after is not null && after == next)
                throw new StorageException($"{prefix}: the service lists the same page again and again.");
            next = after;
        }
        while (next is not null);
    }

    /// <summary>Uploads a file, in several parts if it is large.</summary>
    public void Upload(string file, ObjectPath path, CancellationToken cancellationToken = default) => Call(path, async () =>
    {
        RequireFile(file);
        using var transfer = new TransferUtility(client, new TransferUtilityConfig { MinSizeBeforePartUpload = MaxSinglePut });
        var request = new TransferUtilityUploadRequest { FilePath = file, BucketName = path.Bucket, Key = path.Key };
        await transfer.UploadAsync(request, cancellationToken);
        return true;
    });

    /// <summary>Uploads a small file if the object does not exist yet.</summary>
    /// <returns>False if the object already exists.</returns>
    public bool UploadNew(string file, ObjectPath path) => Call(path, async () =>
    {
        RequireFile(file);
        try
        {
            await client.PutObjectAsync(
                new PutObjectRequest { FilePath = file, BucketName = path.Bucket, Key = path.Key, IfNoneMatch = "*" });
            return true;
        }
        catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict)
        {
            return false;
        }
    });

    /// <summary>Deletes an object; a missing object is not an error.</summary>
    public void Delete(ObjectPath path) => Call(path, () => client.DeleteObjectAsync(path.Bucket, path.Key));

    // The client would report a missing file as a bug of the program.
    private static void RequireFile(string file) => File.OpenHandle(file).Dispose();

    private T Call<T>(ObjectPath path, Func<Task<T>> request)
    {
        try
        {
            return request().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException e) when (e.CancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e) when (StorageErrors.LocalFault(e) is { } fault)
        {
            throw new IOException($"{path} was not written or read, because of a file of this machine: {fault.Message}", e);
        }
        catch (Exception e) when (StorageErrors.Of(path, endpoint, e) is { } error)
        {
            throw error;
        }
    }

    public void Dispose() => client.Dispose();
}

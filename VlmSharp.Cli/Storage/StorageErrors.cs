using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;

namespace VlmSharp.Cli.Storage;

/// <summary>What an error of the client means, and what to do about it.</summary>
internal static class StorageErrors
{
    private const string GiveCredentials =
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or AWS_PROFILE, or give the machine a role";

    /// <summary>The error for the user; null if the exception is not an error of the store.</summary>
    /// <param name="path">The requested object.</param>
    /// <param name="endpoint">The service, if it is not AWS itself.</param>
    /// <param name="e">The client's exception.</param>
    public static StorageException? Of(ObjectPath path, string? endpoint, Exception e) => e switch
    {
        AmazonS3Exception s3 => OfService(path, s3),
        _ when LocalFault(e) is not null => null,
        _ when IsNetwork(e) => OfNetwork(path, endpoint, e),
        AmazonClientException when e.Message.Contains("credential", StringComparison.OrdinalIgnoreCase) =>
            new StorageException($"{path}: there are no credentials; {GiveCredentials}.", e),
        AmazonClientException when e.Message.Contains("Region", StringComparison.Ordinal) =>
            new StorageException(
                $"{path}: the bucket's region is not known; set AWS_REGION, or AWS_ENDPOINT_URL_S3 for a service that is not AWS.", e),
        AmazonClientException => new StorageException($"{path}: {OneLine(e.Message)}; try again.", e) { IsTransient = true },
        _ => null,
    };

    private static StorageException OfNetwork(ObjectPath path, string? endpoint, Exception e)
    {
        string why = $"{endpoint ?? "S3"} cannot be reached ({Innermost(e).Message})";
        return new StorageException($"{path}: {why}; check the network and AWS_ENDPOINT_URL_S3, and try again.", e) { IsTransient = true };
    }

    private static StorageException OfService(ObjectPath path, AmazonS3Exception e) => e.ErrorCode switch
    {
        "NoSuchBucket" => new StorageException(
            $"{path}: there is no bucket {path.Bucket}; check its name, and AWS_ENDPOINT_URL_S3 where it is not on AWS.", e),
        "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "InvalidToken" or "ExpiredToken" or "TokenRefreshRequired" =>
            new StorageException($"{path}: the service does not accept the credentials ({e.ErrorCode}); {GiveCredentials}.", e),
        "RequestTimeTooSkewed" => new StorageException(
            $"{path}: this machine's clock is wrong, so the service refuses its signatures; set it right.", e),
        "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" or "MovedPermanently" =>
            new StorageException($"{path}: the bucket is in another region ({OneLine(e.Message)}); set AWS_REGION to it.", e),
        "PreconditionFailed" => new StorageException($"{path} was changed while it was read; start again.", e) { IsTransient = true },
        _ => OfStatus(path, e),
    };

    private static StorageException OfStatus(ObjectPath path, AmazonS3Exception e) => e.StatusCode switch
    {
        HttpStatusCode.NotFound => new StorageException(
            $"{path} does not exist; check the key, and end it with / for all pictures below it.", e)
        { IsMissing = true, IsOfObject = true },
        HttpStatusCode.Forbidden => new StorageException(
            $"{path}: access is denied; the credentials need s3:GetObject and s3:ListBucket for what is read, "
            + "and s3:PutObject and s3:DeleteObject for --out.",
            e)
        { IsOfObject = true },
        HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError or 0 =>
            new StorageException(
                $"{path}: the service is not able to answer now ({e.ErrorCode ?? $"{(int)e.StatusCode}"}); "
                + "try again, with fewer processes where it asks to slow down.",
                e)
            { IsTransient = true },
        _ => new StorageException($"{path}: the service says {e.ErrorCode ?? $"{(int)e.StatusCode}"}: {OneLine(e.Message)}", e),
    };

    /// <summary>
    /// The error of a local file, such as a full disk or a missing file; null if no local file caused the exception. Local errors have
    /// codes of the operating system; network errors have none.
    /// </summary>
    /// <param name="e">What reading, writing or a request threw; its inner exceptions are searched too.</param>
    public static Exception? LocalFault(Exception e)
    {
        const int OfNoSystem = unchecked((int)0x80131620), EndOfStream = unchecked((int)0x80070026); // COR_E_IO, COR_E_ENDOFSTREAM
        return e switch
        {
            FileNotFoundException or DirectoryNotFoundException or PathTooLongException or UnauthorizedAccessException => e,
            HttpIOException or EndOfStreamException or SocketException or HttpRequestException => null,
            IOException { InnerException: null, HResult: not (OfNoSystem or EndOfStream) } => e,
            _ => e.InnerException is { } inner ? LocalFault(inner) : null,
        };
    }

    private static bool IsNetwork(Exception e) =>
        e is HttpRequestException or SocketException or IOException or TimeoutException or TaskCanceledException
        || (e.InnerException is { } inner && IsNetwork(inner));

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim().TrimEnd('.');
}

namespace VlmSharp.Extensions.AI;

/// <summary>
/// The status that an HTTP service returns when a request to the model fails. It needs no reference to ASP.NET Core: pass it to whatever
/// maps exceptions there, for instance to <c>ExceptionHandlerOptions.StatusCodeSelector</c>.
/// </summary>
public static class HttpStatus
{
    /// <summary>The HTTP status (RFC 9110) for an exception.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <returns>
    /// A fault of the client: 413 for a picture over a limit of <see cref="Imaging.ImageOptions"/>; 415 for a format that is not supported;
    /// 400 for a damaged picture and for a chat, an option or a prompt that the model cannot answer. 499 if the request was canceled
    /// because the client disconnected (a status of nginx, not of the RFC). 503 if memory, of the machine or of a device, ran out for a
    /// request that may fit later. 500 for everything else: it is the server's fault, and the message may name files.
    /// </returns>
    public static int Of(Exception exception) => exception switch
    {
        null => throw new ArgumentNullException(nameof(exception)),
        // Within every limit, but others have the memory.
        OutOfMemoryException or DeviceMemoryException or ImageFormatException { InnerException: OutOfMemoryException } => 503,
        ImageFormatException { Fault: ImageFault.OverLimit } => 413,
        ImageFormatException { Fault: ImageFault.Unsupported } => 415,
        ImageFormatException or RequestException => 400,
        OperationCanceledException => 499,
        _ => 500,
    };
}

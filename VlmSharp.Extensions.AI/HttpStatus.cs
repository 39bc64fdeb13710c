namespace VlmSharp.Extensions.AI;

/// <summary>
/// What an HTTP service answers when a request to the model fails. It needs no reference to ASP.NET Core: give it to whatever maps
/// exceptions there, for instance to <c>ExceptionHandlerOptions.StatusCodeSelector</c>.
/// </summary>
public static class HttpStatus
{
    /// <summary>The status (RFC 9110) that an exception deserves.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <returns>
    /// A fault of the client: 413 for a picture over a limit of <see cref="Imaging.ImageOptions"/>; 415 for a format that is not read;
    /// 400 for a damaged picture and for a chat, an option or a prompt that the model cannot answer. 499 where the request was canceled,
    /// as the client went away (a status of nginx, not of the RFC). 500 for all else: it is the server's, and its message may name files.
    /// </returns>
    public static int Of(Exception exception) => exception switch
    {
        null => throw new ArgumentNullException(nameof(exception)),
        ImageFormatException { Fault: ImageFault.OverLimit } => 413,
        ImageFormatException { Fault: ImageFault.Unsupported } => 415,
        ImageFormatException or RequestException => 400,
        OperationCanceledException => 499,
        _ => 500,
    };
}

namespace VlmSharp.Server.Page;

/// <summary>
/// Content security policies (W3C, Content Security Policy Level 3): whatever text a model, a prompt or a file name holds, no document
/// of the page runs a script that did not come from the server, and none loads anything from elsewhere.
/// </summary>
internal static class PagePolicy
{
    /// <summary>
    /// The page's policy: scripts and styles are files of this server, pictures may also be created by the page itself. No other site
    /// may frame it.
    /// </summary>
    public const string Page =
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>
    /// The policy of the frame that shows an explanation, a document with inline styles and embedded pictures but no script. The page also
    /// sandboxes it, so it has no origin and can reach neither the page nor the server.
    /// </summary>
    public const string Frame =
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
}

namespace VlmSharp.Server.Page;

/// <summary>
/// Content security policies (W3C, Content Security Policy Level 3): whatever text a model, a prompt or a file name holds, no document
/// of the page runs a script that did not come with the server, and none loads anything from elsewhere.
/// </summary>
internal static class PagePolicy
{
    /// <summary>
    /// Of the page: scripts and styles are files of this server, pictures may also be ones that the page holds itself. No other site
    /// may frame it.
    /// </summary>
    public const string Page =
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>
    /// Of the frame that shows an explanation, a document with styles of its own and no script: it may be styled, and show pictures
    /// that it brings. The page sandboxes it as well, so it has no origin, and can reach neither the page nor the server.
    /// </summary>
    public const string Frame =
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
}

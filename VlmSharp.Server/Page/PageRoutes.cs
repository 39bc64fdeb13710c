using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace VlmSharp.Server.Page;

/// <summary>
/// The page to try a model with, at <c>/</c>; the description of the routes, as a document for programs at <c>/openapi.json</c> and for
/// people at <c>/docs</c>. They hold nothing of the model or its users, so they need no key.
/// </summary>
internal static class PageRoutes
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps them: one route a file, so that no request names a file of the machine.</summary>
    /// <param name="routes">Where routes are added.</param>
    /// <returns>The routes, to say more of all of them.</returns>
    public static IEndpointConventionBuilder MapPage(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        RouteGroupBuilder group = routes.MapGroup("");
        foreach (string name in PageFile.Names)
        {
            PageFile file = PageFile.Read(name, PathOf(name));
            if (name == "frame.html") file = file with { Policy = PagePolicy.Frame };
            IEndpointConventionBuilder route = group.MapMethods(file.Path, Methods, file.AnswerAsync);
            if (file.Path.StartsWith("/page/", StringComparison.Ordinal)) route.ExcludeFromDescription(); // parts of the documents
            // asked for unseen
            if (name == "icon.svg") group.MapMethods("/favicon.ico", Methods, file.AnswerAsync).ExcludeFromDescription();
        }

        return group;
    }

    private static string PathOf(string name) => name switch
    {
        "index.html" => "/",
        "docs.html" => "/docs",
        "openapi.json" => "/openapi.json",
        _ => $"/page/{name}",
    };
}

using Microsoft.Playwright;

namespace VlmSharp.Server.Tests.Page;

/// <summary>One browser for all tests of the page, with a camera that shows a test picture. Each test has a profile of its own.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (Chromium.Path is null) return; // all tests are skipped
        Assertions.SetDefaultExpectTimeout(30_000); // a busy machine is slow, not wrong
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium.Path,
            Args = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", .. Environment.IsPrivilegedProcess ? new[] { "--no-sandbox" } : []],
        });
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
    }

    /// <summary>
    /// Opens the page and does something on it. Afterwards nothing was asked of any other server, and the console has no error: of
    /// requests that a test lets fail, the browser's own line is allowed.
    /// </summary>
    internal async Task UseAsync(string origin, Func<IPage, Task> use, PageView? view = null)
    {
        view ??= new PageView();
        await using IBrowserContext context = await browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = view.Width, Height = view.Height },
            ColorScheme = view.Dark ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
            Permissions = ["clipboard-read", "clipboard-write", "camera"],
        });
        List<string> errors = [], strangers = [];
        context.Request += (_, request) => { if (!IsOwn(request.Url, origin)) strangers.Add(request.Url); };
        context.Console += (_, message) => { if (message.Type is "error" or "warning" && !(view.RequestsFail && message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))) errors.Add(message.Text); };
        context.WebError += (_, error) => errors.Add(error.Error);
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(30_000);
        await page.GotoAsync($"{origin}/{view.Address}");
        await use(page);
        if (Environment.GetEnvironmentVariable("VLMSHARP_SCREENSHOTS") is { } folder && view.Screenshot is { } name)
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png"), FullPage = view.Width < 700 });
        Assert.Empty(errors);
        Assert.Empty(strangers);
    }

    private static bool IsOwn(string url, string origin) =>
        url.StartsWith(origin + "/", StringComparison.Ordinal) || url.StartsWith("data:", StringComparison.Ordinal) || url.StartsWith("blob:", StringComparison.Ordinal);
}

/// <summary>How the page is looked at.</summary>
internal sealed record PageView
{
    /// <summary>What follows the origin and its slash: the state of the page, or another document.</summary>
    public string Address { get; init; } = "";

    /// <summary>Of the window, in pixels.</summary>
    public int Width { get; init; } = 1280;

    /// <summary>Of the window, in pixels.</summary>
    public int Height { get; init; } = 860;

    /// <summary>Whether the system is dark.</summary>
    public bool Dark { get; init; }

    /// <summary>Whether requests fail that the test means to fail.</summary>
    public bool RequestsFail { get; init; }

    /// <summary>The picture of the page's end goes here, in the folder that VLMSHARP_SCREENSHOTS names.</summary>
    public string? Screenshot { get; init; }
}

/// <summary>Tests of the page run one after the other: a browser takes the cores that there are.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserTests : ICollectionFixture<BrowserFixture>
{
    /// <summary>The collection.</summary>
    public const string Name = "browser";
}

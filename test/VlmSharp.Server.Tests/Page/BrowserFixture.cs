using Microsoft.Playwright;

namespace VlmSharp.Server.Tests.Page;

/// <summary>One browser for all tests of the page, with a camera that shows a test picture. Each test gets its own profile.</summary>
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
            Args =
            [
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                .. Environment.IsPrivilegedProcess ? new[] { "--no-sandbox" } : []
            ],
        });
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
    }

    /// <summary>
    /// Opens the page and runs a test on it. Then checks that no other server was contacted and that the console has no errors. The
    /// browser's own line about a failed request is allowed if the test makes requests fail on purpose.
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
        context.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning"
                && !(view.RequestsFail && message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)))
            {
                errors.Add(message.Text);
            }
        };
        context.WebError += (_, error) => errors.Add(error.Error);
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(30_000);
        await page.GotoAsync($"{origin}/{view.Address}");
        await use(page);
        if (Environment.GetEnvironmentVariable("VLMSHARP_SCREENSHOTS") is { } folder && view.Screenshot is { } name)
            await page.ScreenshotAsync(
                new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png"), FullPage = view.Width < 700 });
        Assert.Empty(errors);
        Assert.Empty(strangers);
    }

    private static bool IsOwn(string url, string origin) =>
        url.StartsWith(origin + "/", StringComparison.Ordinal)
            || url.StartsWith("data:", StringComparison.Ordinal) || url.StartsWith("blob:", StringComparison.Ordinal);
}

/// <summary>How a test looks at the page.</summary>
internal sealed record PageView
{
    /// <summary>The address after the origin and its slash: the state of the page, or another document.</summary>
    public string Address { get; init; } = "";

    /// <summary>Of the window, in pixels.</summary>
    public int Width { get; init; } = 1280;

    /// <summary>Of the window, in pixels.</summary>
    public int Height { get; init; } = 860;

    /// <summary>Whether the system uses a dark theme.</summary>
    public bool Dark { get; init; }

    /// <summary>Whether the test makes requests fail on purpose.</summary>
    public bool RequestsFail { get; init; }

    /// <summary>The name of a screenshot that is taken at the end, in the folder that VLMSHARP_SCREENSHOTS names.</summary>
    public string? Screenshot { get; init; }
}

/// <summary>Tests of the page run one after the other, because a browser uses all cores.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserTests : ICollectionFixture<BrowserFixture>
{
    /// <summary>The name of the collection.</summary>
    public const string Name = "browser";
}

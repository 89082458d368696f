import type { UnusableReason } from './observation.ts';

export type SignatureReason = Extract<
  UnusableReason,
  'WALL' | 'LOGIN' | 'SOFT_404' | 'ERROR_PAGE' | 'REDIRECT_STUB'
>;

export interface Signature {
  readonly reason: SignatureReason;
  /** Who shows it, for the person who reads the reason. */
  readonly name: string;
  readonly phrase: RegExp;
  /**
   * `page`: no policy says this of itself, so anywhere in a short page. `lead`: policies mention it, so only as a
   * heading or in the first words of a short page, or anywhere in a tiny one.
   */
  readonly counts: 'page' | 'lead';
}

const page = (reason: SignatureReason, name: string, phrase: RegExp): Signature => ({
  reason,
  name,
  phrase,
  counts: 'page',
});
const lead = (reason: SignatureReason, name: string, phrase: RegExp): Signature => ({
  reason,
  name,
  phrase,
  counts: 'lead',
});

/** In order of how specific they are. Texts are compared lower-cased, with plain quotes and single spaces. */
export const SIGNATURES: readonly Signature[] = [
  page(
    'WALL',
    'Cloudflare',
    /enable javascript and cookies to continue|cloudflare ray id|ray id: ?[0-9a-f]{12,}/,
  ),
  page(
    'WALL',
    'Cloudflare',
    /checking (?:your browser|if the site connection is secure)|needs to review the security of your connection/,
  ),
  page(
    'WALL',
    'Cloudflare',
    /using a security service to protect itself|performance (?:&|and) security by cloudflare/,
  ),
  page(
    'WALL',
    'Cloudflare',
    /verif(?:y|ies|ying) (?:that )?you are (?:human|not a (?:ro)?bot)|verification successful\. waiting for/,
  ),
  page('WALL', 'Akamai', /you don't have permission to access .{1,400}on this server/),
  page('WALL', 'Akamai', /reference #\d+\.[0-9a-f]+\.\d+/),
  page('WALL', 'DataDome', /please enable js and disable any ad ?blocker/),
  page('WALL', 'PerimeterX', /press (?:&|and) hold to confirm you are|access to this page has been denied/),
  page('WALL', 'Google', /unusual traffic from your computer network/),
  page('WALL', 'Imperva', /incapsula incident id|request unsuccessful\. incapsula/),
  page(
    'WALL',
    'bot check',
    /(?:confirm|prove|make sure|ensure)(?: that)? you(?:'re| are) (?:a human|human|not a (?:ro)?bot)/,
  ),
  page(
    'WALL',
    'bot check',
    /pardon our interruption|our systems? (?:has|have) detected unusual|automated access to (?:this|our) (?:page|site)|enter the characters you see below|type the characters you see in this image/,
  ),
  page(
    'WALL',
    'bot check',
    /vérifi(?:er|ez|ons) que vous (?:êtes|n'êtes pas) (?:un |une )?(?:humain|être humain|robot)|bestätigen sie, dass sie (?:ein mensch|kein roboter) sind|überprüfen, ob sie ein mensch sind|verifi(?:ca|que|car) que (?:eres|es|usted es) (?:un )?(?:humano|ser humano)|confirme que (?:você|voce) (?:é humano|não é um robô)|verifica di essere (?:umano|un essere umano)|controleer of (?:je|u) een mens bent|ロボットではないことを/,
  ),
  page(
    'WALL',
    'country block',
    /not available in your (?:country|region)|unavailable (?:in|from) your (?:country|region|location)|n'est pas disponible dans votre (?:pays|région)|in ihrem land nicht verfügbar|no está disponible en (?:tu|su) país/,
  ),
  page(
    'WALL',
    'consent',
    /before you continue to (?:google|youtube)|bevor sie (?:zu )?(?:google|youtube)|avant d'accéder à (?:google|youtube)|antes de (?:ir a|continuar en) (?:google|youtube)|prima di continuare su (?:google|youtube)/,
  ),
  lead(
    'WALL',
    'bot check',
    /\bcaptcha\b|\bare you (?:a )?(?:human|robot)\b|security check|just a moment|attention required/,
  ),
  lead(
    'WALL',
    'refusal',
    /^(?:error )?(?:403 )?(?:access (?:was |is )?(?:denied|blocked|restricted)|forbidden|you have been blocked|request (?:blocked|rejected))|^accès refusé|^zugriff verweigert|^acceso denegado|^accesso negato|^acesso negado|^toegang geweigerd|sorry, you have been blocked/,
  ),
  lead(
    'WALL',
    'consent',
    /^(?:we value your privacy|your privacy choices|cookie consent|we use cookies|manage (?:cookie|consent) preferences)/,
  ),
  lead('WALL', 'rate limit', /^(?:error )?(?:429 )?too many requests|rate limit exceeded/),

  page(
    'SOFT_404',
    'not found',
    /(?:page|url|article|document|content|resource) (?:you(?:'re| are| were)? ?(?:looking for|requested|tried|trying)|that you|requested) .{0,60}(?:not be found|cannot be found|can't be found|doesn't exist|does not exist|was not found|wasn't found|no longer|not available|has been (?:moved|removed|deleted))/,
  ),
  page(
    'SOFT_404',
    'not found',
    /we (?:couldn't|could not|can't|cannot) find (?:the|that|this) (?:page|article|document)|(?:this|that|the) page (?:isn't available|doesn't exist|does not exist|can't be found|cannot be found|could not be found|couldn't be found|no longer exists)|the requested url .{0,200}was not found/,
  ),
  lead(
    'SOFT_404',
    'not found',
    /^(?:error )?(?:404|410)\b|^(?:oops|sorry|uh-oh|whoops)[^.]{0,30}(?:not found|can't find|couldn't find|doesn't exist|nothing here)|^(?:page|article|file|document|content) (?:was )?(?:not found|unavailable|doesn't exist)|^nothing (?:was )?found/,
  ),
  lead(
    'SOFT_404',
    'not found',
    /page (?:non trouvée|introuvable)|page n'existe pas|seite (?:wurde )?nicht gefunden|seite existiert nicht|página no (?:encontrada|existe)|no (?:se ha encontrado|hemos encontrado|se encontró) la página|pagina non trovata|página não (?:foi )?encontrada|pagina niet gevonden|ページが見つかりません|页面不存在|找不到(?:页面|該頁面)|페이지를 찾을 수 없/,
  ),

  page(
    'LOGIN',
    'sign-in',
    /(?:sign|log) ?in to (?:continue|view this|see this|access this)|you (?:must|need to) (?:be (?:signed|logged) in|sign in|log in) to (?:continue|view|see|access)|please (?:sign|log) ?in to (?:continue|view|see|access)|forgot (?:your )?password\?/,
  ),
  lead(
    'LOGIN',
    'sign-in',
    /^(?:sign|log) ?in\b|^welcome back|^(?:se connecter|connectez-vous|connexion)\b|^(?:anmelden|einloggen|melden sie sich an)\b|^(?:iniciar sesión|inicia sesión|acceder)\b|^accedi\b|^(?:iniciar sessão|entrar|fazer login)\b|^(?:inloggen|log in)\b|^ログイン|^로그인|^登录/,
  ),

  page(
    'REDIRECT_STUB',
    'redirect',
    /you are being redirected|if you are not (?:automatically )?redirected|(?:this|the) (?:document|page) has (?:permanently )?moved (?:to )?here|the document has moved here|vous allez être redirigé|sie werden (?:automatisch )?weitergeleitet|(?:está siendo|será) redirigido|verrai reindirizzato|você (?:está sendo|será) redirecionado|(?:u|je) wordt doorgestuurd/,
  ),
  lead(
    'REDIRECT_STUB',
    'redirect',
    /^redirecting\b|^(?:30[12378] )?(?:moved permanently|moved temporarily|object moved|found\. redirecting|permanent redirect|temporary redirect)|^click here (?:to continue|if)/,
  ),

  page(
    'ERROR_PAGE',
    'no script',
    /you need to enable javascript to run this app|javascript (?:is|must be) (?:required|enabled) (?:to|in order)|please (?:enable|turn on) javascript (?:in your browser |to (?:view|use|continue|see)|and reload)|doesn't work properly without javascript/,
  ),
  page(
    'ERROR_PAGE',
    'server error',
    /the server encountered (?:an internal error|a temporary error|an unexpected)|an unexpected error (?:has )?occurred|application error: a (?:client|server)-side exception|(?:site|service|page|system) is (?:temporarily|currently) (?:unavailable|down|offline)|(?:down|closed|undergoing) (?:for )?(?:scheduled )?maintenance|error establishing a database connection|upstream connect error|no healthy upstream|that's an error\. (?:that's|please) |connection timed out/,
  ),
  page(
    'ERROR_PAGE',
    'server error',
    /erreur interne du serveur|service (?:est )?temporairement indisponible|interner serverfehler|dienst (?:ist )?vorübergehend nicht verfügbar|error interno del servidor|servicio no disponible temporalmente|errore interno del server|erro interno do servidor|interne serverfout/,
  ),
  lead(
    'ERROR_PAGE',
    'server error',
    /^(?:error )?(?:50[0234]|52\d)\b|^(?:internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out|application error|unexpected error|server error|we'll be (?:right )?back|under maintenance)|^(?:oops[^a-z]{0,3})?something went wrong|^an error (?:has )?occurred|^sorry, something went wrong|une erreur (?:s'est produite|est survenue)|ein fehler ist aufgetreten|(?:se ha producido|ha ocurrido) un error|si è verificato un errore|ocorreu um erro|er is (?:iets misgegaan|een fout opgetreden)/,
  ),
];

/** Titles that belong to no policy, whole but for the name of the site. */
export const TITLES: readonly (readonly [SignatureReason, RegExp])[] = [
  [
    'WALL',
    /^(?:just a moment\.*|attention required!?|access (?:to this page has been )?denied|pardon our interruption|robot check|bot verification|are you (?:a )?(?:human|robot)\??|security check(?:point)?|captcha|please wait\.*|ddos-guard|verify(?:ing)? (?:that )?you are human|human verification|403 forbidden|forbidden|too many requests|before you continue.*|un instant\.*|einen moment(?:,)?(?: bitte)?\.*|un momento\.*|um momento\.*)$/,
  ],
  [
    'SOFT_404',
    /^(?:(?:error )?404|404[ .:-]*(?:error|not found|page not found).*|(?:error )?410|page not found|not found|page (?:non trouvée|introuvable)|seite nicht gefunden|página no encontrada|pagina non trovata|página não encontrada|pagina niet gevonden|ページが見つかりません)$/,
  ],
  [
    'LOGIN',
    /^(?:sign ?in|log ?in|login|(?:sign|log) ?in to .{1,40}|se connecter|connexion|anmelden|iniciar sesión|accedi|iniciar sessão|inloggen|ログイン)$/,
  ],
  ['REDIRECT_STUB', /^(?:redirecting\.*|30[12378] .{1,30}|object moved|document moved)$/],
  [
    'ERROR_PAGE',
    /^(?:error|server error|(?:error )?50[0234].{0,40}|(?:500 )?internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out|something went wrong|under maintenance|application error)$/,
  ],
];

/** Of the markup, where text is hardly there: what the scripts of walls are called. */
export const MARKUP: readonly (readonly [SignatureReason, string, RegExp])[] = [
  [
    'WALL',
    'Cloudflare',
    /_cf_chl_opt|cdn-cgi\/challenge-platform\/h\/|cf-browser-verification|cf-challenge|cf-turnstile/,
  ],
  ['WALL', 'DataDome', /captcha-delivery\.com/],
  ['WALL', 'PerimeterX', /px-captcha|_pxappid/],
  ['WALL', 'Imperva', /_incapsula_resource/],
  ['WALL', 'Akamai', /errors\.edgesuite\.net|sec-if-cpt-container|bm-verify=/],
  ['WALL', 'AWS WAF', /awswafcookiedomainlist|gokuprops|token\.awswaf\.com/],
  ['WALL', 'Google', /\/sorry\/index\?|consent\.(?:google|youtube)\.com/],
  ['WALL', 'bot check', /g-recaptcha|h-captcha|hcaptcha\.com\/1\/api\.js/],
  ['LOGIN', 'sign-in', /<input[^>]{0,300}type=["']?password/],
  [
    'REDIRECT_STUB',
    'redirect',
    /<meta[^>]{0,60}http-equiv=["']?refresh[^>]{0,300}url=|<script[^>]{0,80}>\s*(?:window\.|document\.|top\.)?location(?:\.href\s*=|\.replace\(|\s*=)/,
  ],
];
